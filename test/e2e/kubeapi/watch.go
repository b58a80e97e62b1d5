package kubeapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// Event is one change that a watch reports: ADDED, MODIFIED or DELETED.
type Event struct {
	Type   string `json:"type"`
	Object Object `json:"object"`
}

// Watch calls handle for every change of a collection since the resourceVersion of query, until ctx ends, the server
// closes the stream or reports an error, such as a version that it no longer has; the error is never nil.
func (c *Client) Watch(ctx context.Context, path string, query url.Values, handle func(Event)) error {
	values := url.Values{"watch": {"true"}}
	for k, v := range query {
		values[k] = v
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+values.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("watch " + path + ": " + resp.Status)
	}
	stream := json.NewDecoder(resp.Body)
	for {
		var event Event
		if err := stream.Decode(&event); err != nil {
			return err
		}
		if event.Type == "ERROR" {
			return errors.New("watch " + path + ": " + String(event.Object, "message"))
		}
		handle(event)
	}
}
