// A workload that uses go-spiffe, the SPIFFE library of Go: go-spiffe serve|call SOCKET OWN_ID PEER_ID
//
// It serves on a free port, and prints each request; or it reads URLs line by line, calls each on a connection of its
// own, and prints what it got. All the time it follows the Workload API.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func main() {
	own := spiffeid.RequireFromString(os.Args[3])
	peer := spiffeid.RequireFromString(os.Args[4])
	source, err := workloadapi.NewX509Source(context.Background(),
		workloadapi.WithClientOptions(workloadapi.WithAddr(os.Args[2])),
		workloadapi.WithDefaultX509SVIDPicker(func(svids []*x509svid.SVID) *x509svid.SVID {
			for _, svid := range svids {
				if svid.ID == own {
					return svid
				}
			}
			log.Fatalf("no SVID of %s", own)
			return nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	if os.Args[1] == "serve" {
		serve(source, peer)
	} else {
		call(source, peer)
	}
}

func serve(source *workloadapi.X509Source, peer spiffeid.ID) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		TLSConfig: tlsconfig.MTLSServerConfig(source, source, tlsconfig.AuthorizeID(peer)),
		ErrorLog:  log.New(os.Stdout, "REFUSED ", 0),
		Handler: http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
			id, _ := x509svid.IDFromCert(request.TLS.PeerCertificates[0])
			fmt.Printf("REQUEST %s\n", id)
			fmt.Fprintf(response, "%s, serial %x", id, request.TLS.PeerCertificates[0].SerialNumber)
		}),
	}
	fmt.Printf("READY %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.ServeTLS(listener, "", ""))
}

func call(source *workloadapi.X509Source, peer spiffeid.ID) {
	config := tlsconfig.MTLSClientConfig(source, source, tlsconfig.AuthorizeID(peer))
	config.MinVersion = tls.VersionTLS12
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	fmt.Println("READY")
	urls := bufio.NewScanner(os.Stdin)
	for urls.Scan() {
		response, err := client.Get(urls.Text())
		if err != nil {
			fmt.Printf("PROBLEM %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		svid, _ := x509svid.IDFromCert(response.TLS.PeerCertificates[0])
		fmt.Printf("ANSWER %d %s from %s, serial %x\n", response.StatusCode, body, svid, response.TLS.PeerCertificates[0].SerialNumber)
	}
}
