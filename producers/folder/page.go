package folder

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"vislang/pkg/html"
	"vislang/pkg/media"
	"vislang/producers"
	"vislang/schemas"
)

// Limits of what a page brings along.
const (
	maxPictures     = 200
	maxPictureBytes = 32 << 20 // each
	pageTimeout     = time.Minute
)

// page fills in what a web page states about itself and adds the pictures it
// shows that lie in the folder. A page that cannot be understood is a document
// all the same.
func (p *pass) page(ctx context.Context, path string, doc *schemas.Document) error {
	if doc.Bytes > html.MaxBytes {
		return nil
	}
	data, err := p.options.Blobs.Get(ctx, doc.SHA256)
	if err != nil {
		return &producers.StoreError{Err: err}
	}
	limited, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	page, err := html.Extract(limited, data, html.Options{URL: doc.URL})
	if err != nil {
		p.log.Warn("cannot read page", "file", path, "error", err)
		return ctx.Err()
	}
	producers.Describe(doc, page, nil)
	for _, f := range page.Figures {
		if f.URL == "" || len(doc.Resources) == maxPictures {
			continue
		}
		local, ok := p.local(path, doc.URL, f.URL)
		if !ok {
			continue
		}
		resource, err := p.picture(ctx, local)
		var fatal *producers.StoreError
		if errors.As(err, &fatal) {
			return err
		}
		if err != nil {
			p.log.Info("cannot read picture of page", "file", path, "picture", local, "error", err)
			continue
		}
		resource.URL = f.URL
		doc.Resources = append(doc.Resources, resource)
	}
	return nil
}

// local is the path of a picture that a page refers to by a relative address;
// false if it lies outside the source.
func (p *pass) local(page, pageURL, pictureURL string) (string, bool) {
	from, err1 := url.Parse(pageURL)
	to, err2 := url.Parse(pictureURL)
	if err1 != nil || err2 != nil || from.Scheme != to.Scheme || from.Host != to.Host || to.RawQuery != "" && from.Scheme == "file" {
		return "", false
	}
	// The page's address may be that of its origin; only the way from it to
	// the picture counts.
	relative, err := filepath.Rel(filepath.Dir(filepath.FromSlash(from.Path)), filepath.FromSlash(to.Path))
	if err != nil {
		return "", false
	}
	local, err := filepath.EvalSymlinks(filepath.Join(filepath.Dir(page), relative))
	if err != nil {
		return "", false
	}
	root := p.root
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		root = filepath.Dir(root)
	}
	inside, err := filepath.Rel(root, local)
	return local, err == nil && filepath.IsLocal(inside)
}

// picture stores a picture file.
func (p *pass) picture(ctx context.Context, path string) (schemas.Resource, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return schemas.Resource{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return schemas.Resource{}, errors.New("not a regular file")
	}
	head := make([]byte, media.HeadSize)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return schemas.Resource{}, err
	}
	r := schemas.Resource{MediaType: media.Detect(head[:n], filepath.Base(path))}
	if !strings.HasPrefix(r.MediaType, "image/") {
		return r, errors.New("not a picture but " + r.MediaType)
	}
	r.SHA256, r.Bytes, err = producers.Store(ctx, p.options.Blobs, file, maxPictureBytes)
	return r, err
}
