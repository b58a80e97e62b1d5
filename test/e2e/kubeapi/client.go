// Package kubeapi speaks to a Kubernetes API server in plain HTTP and JSON: get, list, server-side apply, patch,
// delete and watch. It knows no types beyond map[string]any; it exists so that the tests need none of Kubernetes'
// client libraries, whose versions would have to agree with those of the exporter.
package kubeapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Object is a Kubernetes object as JSON has it.
type Object = map[string]any

// Client is a user's connection to an API server. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// Files names the PEM files a client needs.
type Files struct{ CA, Cert, Key string }

// New returns a client of the API server at base that authenticates with a client certificate.
func New(base string, files Files) (*Client, error) {
	ca, err := os.ReadFile(files.CA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
		ForceAttemptHTTP2: true,
	}
	return &Client{base: base, http: &http.Client{Transport: transport}}, nil
}

// StatusError is what the API server answers when it refuses something.
type StatusError struct {
	Code    int
	Reason  string
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d %s: %s", e.Code, e.Reason, e.Message) }

// IsNotFound says whether the object does not exist (any more).
func IsNotFound(err error) bool { return hasCode(err, http.StatusNotFound) }

// IsConflict says whether somebody else changed the object meanwhile, or it exists already.
func IsConflict(err error) bool { return hasCode(err, http.StatusConflict) }

func hasCode(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == code
}

// Get reads an object, or a list where path names a collection.
func (c *Client) Get(ctx context.Context, path string) (Object, error) {
	return c.do(ctx, http.MethodGet, path, "", nil)
}

// Create posts an object to a collection.
func (c *Client) Create(ctx context.Context, path string, obj Object) (Object, error) {
	return c.do(ctx, http.MethodPost, path, "application/json", obj)
}

// Update replaces an object or a subresource of one.
func (c *Client) Update(ctx context.Context, path string, obj Object) (Object, error) {
	return c.do(ctx, http.MethodPut, path, "application/json", obj)
}

// Merge applies a JSON merge patch.
func (c *Client) Merge(ctx context.Context, path string, patch Object) (Object, error) {
	return c.do(ctx, http.MethodPatch, path, "application/merge-patch+json", patch)
}

// Apply is a server-side apply. Unknown and duplicate fields are errors.
func (c *Client) Apply(ctx context.Context, path string, obj Object) (Object, error) {
	query := url.Values{"fieldManager": {"e2e"}, "force": {"true"}, "fieldValidation": {"Strict"}}
	return c.do(ctx, http.MethodPatch, path+"?"+query.Encode(), "application/apply-patch+yaml", obj)
}

// Delete removes an object at once; one that is already gone is no error.
func (c *Client) Delete(ctx context.Context, path string) error {
	_, err := c.do(ctx, http.MethodDelete, path+"?gracePeriodSeconds=0&propagationPolicy=Background", "", nil)
	if IsNotFound(err) {
		return nil
	}
	return err
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body Object) (Object, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer Object
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, &StatusError{Code: resp.StatusCode, Reason: resp.Status, Message: string(raw)}
	}
	if resp.StatusCode/100 != 2 {
		return nil, &StatusError{Code: resp.StatusCode, Reason: String(answer, "reason"), Message: String(answer, "message")}
	}
	return answer, nil
}
