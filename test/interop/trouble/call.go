// One call of Go: call URL FOLDER. Presents FOLDER/cert.pem if it is there, trusts FOLDER/ca.pem, and prints the status
// or the error as Go shows it.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	pem, err := os.ReadFile(os.Args[2] + "/ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	anchors := x509.NewCertPool()
	anchors.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: anchors}
	if own, err := tls.LoadX509KeyPair(os.Args[2]+"/cert.pem", os.Args[2]+"/key.pem"); err == nil {
		config.Certificates = []tls.Certificate{own}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	answer, err := client.Get(os.Args[1])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.StatusCode)
}
