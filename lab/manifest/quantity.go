package manifest

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
)

var quantityForm = regexp.MustCompile(`^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]{1,3})?$`)

// quantity is a Kubernetes quantity as an exact number.
type quantity struct{ rat *big.Rat }

// parseQuantity reads a Kubernetes quantity such as 500m, 1.5Gi or 2e3.
func parseQuantity(text string) (quantity, error) {
	parts := quantityForm.FindStringSubmatch(text)
	if parts == nil {
		return quantity{}, fmt.Errorf("%q is no quantity such as 500m, 0.5 or 256Mi", text)
	}
	number := parts[2]
	if strings.HasSuffix(number, ".") {
		number += "0"
	}
	suffix := parts[3]
	if suffix != "" && strings.ContainsAny(suffix[:1], "eE") && len(suffix) > 1 && suffix != "Ei" {
		number, suffix = number+suffix, ""
	}
	rat, ok := new(big.Rat).SetString(parts[1] + number)
	if !ok {
		return quantity{}, fmt.Errorf("%q is no quantity such as 500m, 0.5 or 256Mi", text)
	}
	return quantity{rat.Mul(rat, suffixFactor(suffix))}, nil
}

func suffixFactor(suffix string) *big.Rat {
	if suffix == "" {
		return big.NewRat(1, 1)
	}
	power := int64(strings.Index("kMGTPE", suffix[:1]) + 1)
	base := int64(1000)
	switch {
	case len(suffix) == 2:
		base = 1024
		power = int64(strings.Index("KMGTPE", suffix[:1]) + 1)
	case power == 0:
		// n, u, m
		exp := int64(3 * (3 - strings.Index("num", suffix)))
		return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(exp), nil))
	}
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(base), big.NewInt(power), nil))
}

// milli is the quantity in thousandths, rounded up as the API server does.
func (q quantity) milli() int64 {
	scaled := new(big.Rat).Mul(q.rat, big.NewRat(1000, 1))
	n := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	if !scaled.IsInt() && scaled.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	if !n.IsInt64() {
		return math.MaxInt64
	}
	return n.Int64()
}

// float is the quantity as the HPA controller turns it into a float: from its thousandths, where it has whole ones.
func (q quantity) float() float64 {
	if m := q.milli(); new(big.Rat).SetFrac64(m, 1000).Cmp(q.rat) == 0 {
		return float64(m) * 0.001
	}
	v, _ := q.rat.Float64()
	return v
}
