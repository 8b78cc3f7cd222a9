"""Where requests enter: translate, authorise, hand on. No rules live here."""
