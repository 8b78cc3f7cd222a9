# /// expect
# stdout = "cfbff0d1-9375-5685-968c-48ce8b15ae17\n16 aGVsbG8= b'\\xff\\xef'\n100\n"
# ///
import base64
import secrets
import uuid

print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com"))
print(len(secrets.token_hex(8)), base64.b64encode(b"hello").decode(), base64.urlsafe_b64decode("_-8="))
print(len({uuid.uuid4() for _ in range(100)}))
