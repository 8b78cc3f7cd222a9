# /// expect
# images = 1
# stdout = "version 1\n"
# ///
import qrcode

qr = qrcode.QRCode(version=1, error_correction=qrcode.constants.ERROR_CORRECT_L, box_size=8, border=2)
qr.add_data("hello")
qr.make(fit=True)
print("version", qr.version)
qr.make_image(fill_color="navy", back_color="white").get_image()
