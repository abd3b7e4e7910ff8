// A Go server that demands client certificates: server ADDRESS CERT KEY CA. It says why it refuses one.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"net/http"
	"os"
)

func main() {
	pem, err := os.ReadFile(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	anchors := x509.NewCertPool()
	anchors.AppendCertsFromPEM(pem)
	server := &http.Server{
		Addr:      os.Args[1],
		TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: anchors},
		Handler:   http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) { response.Write([]byte("ok")) }),
	}
	log.Fatal(server.ListenAndServeTLS(os.Args[2], os.Args[3]))
}
