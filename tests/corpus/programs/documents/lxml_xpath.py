# /// expect
# stdout = "['2'] 7.5\n9\n"
# ///
from lxml import etree

root = etree.fromstring("<shop><item id='1'><price>3.5</price></item><item id='2'><price>4</price></item></shop>")
print(root.xpath("//item[price > 3.6]/@id"), sum(float(p) for p in root.xpath("//price/text()")))
etree.SubElement(root, "total").text = "7.5"
print(etree.tostring(root, pretty_print=True).decode().count("\n"))
