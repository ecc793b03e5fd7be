package network_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"lockquake/harness/network"
)

// dialWith connects as etcd does that is told of certificates by flags only: it names no server, shows
// a certificate of its own if it has one, and verifies the proxy's.
func (p proxied) dialWith(t testing.TB, authority *network.Authority, own ...tls.Certificate) *tls.Conn {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())
	conn, err := tls.Dial("tcp", p.Addr(), &tls.Config{RootCAs: roots, Certificates: own})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestSourceIsKnownByItsCertificate(t *testing.T) {
	p := newProxied(t)
	p.Open()
	conn := p.dialWith(t, p.authority, must(p.authority.Certificate("a.src")))
	send(t, conn, "ping")
	expect(t, conn, "ping")
}

func TestUnknownCertificateIsTurnedAway(t *testing.T) {
	p := newProxied(t)
	p.Open()
	for name, own := range map[string][]tls.Certificate{
		"nobody's": {must(p.authority.Certificate("c.src"))},
		"none":     nil,
	} {
		if _, err := p.dialWith(t, p.authority, own...).Read(make([]byte, 1)); err == nil {
			t.Errorf("certificate %s: read an answer", name)
		}
	}
}

// What verifies the proxy's certificate would not take just any.
func TestForeignAuthorityIsRefused(t *testing.T) {
	p := newProxied(t)
	p.Open()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(network.NewAuthority()).PEM())
	if _, err := tls.Dial("tcp", p.Addr(), &tls.Config{RootCAs: roots}); err == nil {
		t.Error("verified by an authority that did not sign it")
	}
}

func TestCertificateSurvivesItsFiles(t *testing.T) {
	authority := must(network.NewAuthority())
	certificate, key, err := network.PEM(must(authority.Certificate("a.src")))
	if err != nil {
		t.Fatal(err)
	}
	read, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	if name := read.Leaf.Subject.CommonName; name != "a.src" {
		t.Errorf("is for %s, want a.src", name)
	}
}
