package brokers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// makeCertificates has openssl make an authority, a certificate for the
// brokers and one for a client called vislang. They are for one machine's
// tests: keys lie there unencrypted.
func makeCertificates(ctx context.Context, dir string) error {
	done := filepath.Join(dir, "client.pem") // the last to be made
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	script := `set -e
new() { openssl req -newkey rsa:2048 -noenc -batch -days 3650 "$@"; }
new -x509 -subj "/CN=vislang test authority" -keyout ca.key -out ca.pem
new -x509 -CA ca.pem -CAkey ca.key -subj /CN=broker -addext "subjectAltName=IP:127.0.0.1,DNS:localhost" -keyout broker.key -out broker.crt
cat broker.key broker.crt >broker.pem
new -x509 -CA ca.pem -CAkey ca.key -subj /CN=vislang -keyout client.key -out client.crt
mv client.crt client.pem`
	command := exec.CommandContext(ctx, "sh", "-c", script)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("make certificates with openssl: %w\n%s", err, out)
	}
	return nil
}
