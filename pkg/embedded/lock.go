// Package embedded holds what the engines inside this process share: the lock
// on their data folder and the note that tells other processes where they
// listen. The engines themselves are in the packages kafka and clickhouse.
//
//	lock, err := embedded.Acquire("data")       // refused while another process has it
//	defer lock.Release()
//	err = lock.Publish(embedded.Info{Kafka: "127.0.0.1:9092"})
//
//	info, err := embedded.Running("data")       // in another process; nil when none runs
package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	lockName = "lock"
	infoName = "engines.json"
)

// Info tells where the engines of a data folder listen.
type Info struct {
	PID        int       `json:"pid"`
	Started    time.Time `json:"started"`
	Kafka      string    `json:"kafka,omitempty"`      // host:port
	ClickHouse string    `json:"clickhouse,omitempty"` // http://host:port
	Registry   string    `json:"registry,omitempty"`   // http://host:port
	Metrics    string    `json:"metrics,omitempty"`    // http://host:port
}

// InUseError says that another process has the data folder.
type InUseError struct {
	Dir string
	PID int // 0 if it did not say
}

func (e *InUseError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("data folder %s is used by another process: wait until it ends, or choose another folder with --data", e.Dir)
	}
	return fmt.Sprintf("data folder %s is used by process %d: stop it, or choose another folder with --data", e.Dir, e.PID)
}

// Lock is the exclusive right to a data folder. It ends with the process,
// however that ends, because the kernel owns it (flock).
type Lock struct {
	dir  string
	file *os.File
}

// Acquire locks a data folder, creating it if needed.
func Acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
		}
		return nil, &InUseError{Dir: dir, PID: readPID(file)}
	}
	if err := file.Truncate(0); err != nil {
		file.Close()
		return nil, fmt.Errorf("write lock of data folder %s: %w", dir, err)
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		file.Close()
		return nil, fmt.Errorf("write lock of data folder %s: %w", dir, err)
	}
	return &Lock{dir, file}, nil
}

// Publish writes where the engines listen.
func (l *Lock) Publish(info Info) error {
	info.PID = os.Getpid()
	data, err := json.MarshalIndent(info, "", "  ")
	if err != nil {
		return err
	}
	// A reader must never see half a file.
	temporary := filepath.Join(l.dir, infoName+".new")
	if err := os.WriteFile(temporary, append(data, '\n'), 0o666); err != nil {
		return fmt.Errorf("publish engines: %w", err)
	}
	return os.Rename(temporary, filepath.Join(l.dir, infoName))
}

// Release gives the folder back.
func (l *Lock) Release() error {
	os.Remove(filepath.Join(l.dir, infoName))
	return l.file.Close()
}

// Running tells where the engines of a data folder listen, or nil when no
// process has the folder. A process that starts or stops just now gives an
// InUseError.
func Running(dir string) (*Info, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	defer file.Close() // and with it the lock, if we got it
	// A shared lock, so that two readers do not refuse each other.
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err == nil {
		return nil, nil
	}
	pid := readPID(file)
	data, err := os.ReadFile(filepath.Join(dir, infoName))
	if err != nil {
		return nil, &InUseError{Dir: dir, PID: pid}
	}
	var info Info
	if err := json.Unmarshal(data, &info); err != nil || info.PID != pid {
		return nil, &InUseError{Dir: dir, PID: pid}
	}
	return &info, nil
}

func readPID(file *os.File) int {
	data := make([]byte, 32)
	n, _ := file.ReadAt(data, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data[:n])))
	return pid
}
