// A client of Go: client plain|cache. Each line of stdin is "URL FOLDER CALLS". The answer is one line with a word for
// each call: its status, or its error. With "cache" TLS sessions are kept and resumed, which Go does not do by itself.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
)

func makeClient(folder string) *http.Client {
	certificate, err := tls.LoadX509KeyPair(folder+"/cert.pem", folder+"/key.pem")
	if err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(folder + "/ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	anchors := x509.NewCertPool()
	anchors.AppendCertsFromPEM(pem)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: anchors}
	if os.Args[1] == "cache" {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

func call(client *http.Client, url string) string {
	answer, err := client.Get(url)
	if err != nil {
		return strings.Join(strings.Fields(err.Error()), "_")
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return strconv.Itoa(answer.StatusCode)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		parts := strings.Fields(lines.Text())
		calls, err := strconv.Atoi(parts[2])
		if err != nil {
			log.Fatal(err)
		}
		client := makeClient(parts[1])
		words := make([]string, calls)
		for index := range words {
			words[index] = call(client, parts[0])
		}
		fmt.Println(strings.Join(words, " "))
	}
}
