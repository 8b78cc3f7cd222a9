// Light or dark theme: the system's or the user's choice.
import { byId } from "./dom.js";

const NAME = "cellblock-theme";
const CHOICES = ["auto", "light", "dark"];

export function startTheme() {
  const chooser = byId("theme");
  const kept = localStorage.getItem(NAME);
  chooser.value = CHOICES.includes(kept) ? kept : "auto";
  const apply = () => {
    document.documentElement.dataset.theme = chooser.value;
    localStorage.setItem(NAME, chooser.value);
  };
  chooser.addEventListener("change", apply);
  apply();
}
