# A client of Python: python3 client.py requests|urllib|httpx. Each line of stdin is "URL FOLDER CALLS". The answer is
# one line with a word for each call: its status, or its error.
import ssl
import sys
import urllib.error
import urllib.request


def with_requests(cert, key, ca):
    import requests
    session = requests.Session()
    # With each call: a bundle that the environment names would take the place of the session's own.
    return lambda url: session.get(url, cert=(cert, key), verify=ca).status_code


def with_urllib(cert, key, ca):
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)

    def call(url):
        with urllib.request.urlopen(url, context=context) as answer:
            answer.read()
            return answer.status
    return call


def with_httpx(cert, key, ca):
    import httpx
    client = httpx.Client(verify=ca, cert=(cert, key))
    return lambda url: client.get(url).status_code


def word(error):
    """The innermost reason, without spaces."""
    while True:
        inner = getattr(error, 'reason', None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            return '_'.join(f'{type(error).__name__} {error}'.split())
        error = inner


make = {'requests': with_requests, 'urllib': with_urllib, 'httpx': with_httpx}[sys.argv[1]]
for line in sys.stdin:
    url, folder, calls = line.split()
    call = make(f'{folder}/cert.pem', f'{folder}/key.pem', f'{folder}/ca.pem')
    words = []
    for _ in range(int(calls)):
        try:
            words.append(str(call(url)))
        except Exception as error:
            words.append(word(error))
    print(' '.join(words), flush=True)
