package manifest

import (
	"fmt"
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
)

// parseQuantity reads a Kubernetes quantity such as 500m, 1.5Gi or 2e3, whose thousandths an int64 can hold.
func parseQuantity(text string) (resource.Quantity, error) {
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return q, fmt.Errorf("%q is not a quantity such as 500m, 0.5 or 256Mi", text)
	}
	if q.CmpInt64(math.MaxInt64/1000) > 0 || q.CmpInt64(math.MinInt64/1000) < 0 {
		return q, fmt.Errorf("%q is beyond what the HPA can count", text)
	}
	return q, nil
}
