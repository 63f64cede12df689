package clickhouse

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"regexp"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DefaultDatabase is used when the address of the database names none.
const DefaultDatabase = "vislang"

// databaseName is what CREATE DATABASE is given: it takes no parameter there.
var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// parse reads a data source name such as http://127.0.0.1:8123/vislang.
func parse(dsn string) (*ch.Options, error) {
	o, err := ch.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if o.Auth.Database == "" {
		o.Auth.Database = DefaultDatabase
	}
	if !databaseName.MatchString(o.Auth.Database) {
		return nil, fmt.Errorf("database address: %q is no name of a database", o.Auth.Database)
	}
	return o, nil
}

// Open connects to the database of a data source name. Whether it answers shows
// with the first query.
func Open(dsn string) (driver.Conn, error) {
	o, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := ch.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return conn, nil
}

// Migrate creates the database of a data source name if it is missing and
// brings its tables up to date. Doing it again changes nothing.
func Migrate(ctx context.Context, dsn string) error {
	o, err := parse(dsn)
	if err != nil {
		return err
	}
	return migrate(ctx, o)
}

func migrate(ctx context.Context, o *ch.Options) error {
	name := o.Auth.Database
	// A session in a database that does not exist yet is refused.
	server := *o
	server.Auth.Database = "default"
	db := ch.OpenDB(&server)
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+name); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	db = ch.OpenDB(o)
	defer db.Close()
	if err := up(ctx, db); err != nil {
		return fmt.Errorf("migrate database %s: %w", name, err)
	}
	return nil
}

func up(ctx context.Context, db *sql.DB) error {
	provider, err := provide(db)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func provide(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectClickHouse, db, files, goose.WithDisableGlobalRegistry(true))
}
