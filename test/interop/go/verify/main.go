// Verify reads cases from standard input, one JSON object a line, and answers each with one line: "ok" or the error of crypto/x509.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
)

// question is one certificate to verify. PEM texts; Usage is "server", "client" or "any"; CRL, if any, is that of the CA in Issuer.
type question struct {
	Root, Chain, Usage, Name, CRL, Issuer string
}

var usages = map[string]x509.ExtKeyUsage{"server": x509.ExtKeyUsageServerAuth, "client": x509.ExtKeyUsageClientAuth, "any": x509.ExtKeyUsageAny}

func parseChain(text string) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for rest := []byte(text); ; {
		block, after := pem.Decode(rest)
		if block == nil {
			return chain, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain, rest = append(chain, certificate), after
	}
}

func checkCRL(q question, leaf *x509.Certificate) error {
	block, _ := pem.Decode([]byte(q.CRL))
	if block == nil {
		return fmt.Errorf("no CRL")
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return err
	}
	issuers, err := parseChain(q.Issuer)
	if err != nil || len(issuers) == 0 {
		return fmt.Errorf("no issuer: %v", err)
	}
	if err := list.CheckSignatureFrom(issuers[0]); err != nil {
		return err
	}
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(leaf.SerialNumber) == 0 {
			return fmt.Errorf("revoked, reason %d, CRL number %v", entry.ReasonCode, list.Number)
		}
	}
	return nil
}

func verify(q question) error {
	chain, err := parseChain(q.Chain)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		return fmt.Errorf("no certificate")
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(q.Root))
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: q.Name, KeyUsages: []x509.ExtKeyUsage{usages[q.Usage]}}
	if _, err := chain[0].Verify(options); err != nil {
		return err
	}
	if q.CRL == "" {
		return nil
	}
	return checkCRL(q, chain[0])
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var q question
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			err = verify(q)
		}
		if err == nil {
			fmt.Println("ok")
		} else {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
}
