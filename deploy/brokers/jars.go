package brokers

import (
	"context"
	_ "embed"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed pom.xml
var pom []byte

// fetchJars has Maven bring Kafka's jars, once, and returns their folder in
// the user's cache.
func fetchJars(ctx context.Context) (string, error) {
	var project struct {
		Version string `xml:"version"`
	}
	if err := xml.Unmarshal(pom, &project); err != nil {
		return "", fmt.Errorf("read pom.xml: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "vislang", "kafka-"+project.Version)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	for _, program := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("%s is missing; on Debian: apt-get install --no-install-recommends default-jre-headless maven", program)
		}
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o777); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(folder), "kafka-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom, 0o666); err != nil {
		return "", err
	}
	libs := filepath.Join(work, "libs")
	maven := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory="+libs)
	maven.Dir = work
	if out, err := maven.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch Kafka with mvn: %w\n%s", err, out)
	}
	// In one step, so that an interrupted fetch leaves nothing half done.
	if err := os.Rename(libs, folder); err != nil {
		if _, there := os.Stat(folder); there == nil {
			return folder, nil // somebody else was first
		}
		return "", err
	}
	return folder, nil
}
