# /// expect
# stdout = "['B']\n"
# files = ["books.xml"]
# ///
import xml.etree.ElementTree as ET

root = ET.Element("books")
for title, year in [("A", "2001"), ("B", "2010")]:
    book = ET.SubElement(root, "book", year=year)
    ET.SubElement(book, "title").text = title
ET.indent(root)
ET.ElementTree(root).write("/mnt/data/books.xml", encoding="utf-8", xml_declaration=True)
print([b.find("title").text for b in ET.parse("/mnt/data/books.xml").getroot() if int(b.get("year")) > 2005])
