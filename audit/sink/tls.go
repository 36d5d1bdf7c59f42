package sink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"twohop/internal/fault"
)

// TLS says how a receiver is verified, and how the broker shows itself to one that asks.
// The files are read for each connection: new content counts from the next one on.
type TLS struct {
	CA         string // PEM file with the authorities; "" for the system's
	ServerName string // looked for in the certificate; "" for the host of the address
	Cert, Key  string // PEM files of a client certificate; "" for none
}

// config returns TLS 1.2 or 1.3 towards host. The error is a *fault.Field.
func (t TLS) config(host string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &fault.Field{Path: "ca", What: err.Error(), Fix: "name a PEM file that the broker can read"}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &fault.Field{Path: "ca", What: t.CA + " holds no certificate", Fix: "put the authority's certificate into it, in PEM"}
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, &fault.Field{Path: "certificate", What: err.Error(), Fix: "name the certificate and its own private key, both in PEM"}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// explained adds to a failed handshake what to mend.
func explained(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%w; name its authority under ca", err)
	case errors.As(err, &name):
		return fmt.Errorf("%w; name one of its names under server_name, or connect by it", err)
	}
	return err
}
