# SPDX-License-Identifier: Apache-2.0
"""A partner that answers with exactly the bytes a test wants, over mutual TLS."""

import socket
import ssl
import threading

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"


class Hostile:
    """answer(connection, request_line, n) is called for the n-th request, from 0; the connection is closed after it."""

    def __init__(self, pki, answer, who="tfl", cert=None, version=None):
        self.answer, self.requests, self.failed = answer, [], []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert = cert or f"{who}-server"
        context.load_cert_chain(pki / f"{cert}.pem", pki / f"{cert}.key")
        context.load_verify_locations(pki / f"{who}-ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        if version:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}/v1/reads"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(plain,), daemon=True).start()

    def _one(self, plain):
        try:
            with plain, self.context.wrap_socket(plain, server_side=True) as connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    more = connection.recv(65536)
                    if not more:
                        return
                    request += more
                self.requests.append(request.decode())
                self.answer(connection, request.split(b"\r\n")[0].decode(), len(self.requests) - 1)
        except OSError as problem:      # TLS refused, or the gateway left
            self.failed.append(problem)
