# One call of Python: python3 call.py URL FOLDER. Presents FOLDER/cert.pem if it is there, trusts
# FOLDER/ca.pem, and prints the status or the error as Python shows it.
import os
import ssl
import sys
import urllib.request

url, folder = sys.argv[1:3]
cert, key, ca = (os.path.join(folder, name) for name in ('cert.pem', 'key.pem', 'ca.pem'))
own = (cert, key) if os.path.exists(cert) else None


def status():
    context = ssl.create_default_context(cafile=ca)
    if own:
        context.load_cert_chain(*own)
    return urllib.request.urlopen(url, context=context).status


try:
    print(status())
except Exception as error:
    print(f'{type(error).__name__}: {error}')
