package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
)

// awsToken returns the source of tokens for MSK's IAM access control: a signed URL that allows kafka-cluster:Connect
// for 15 minutes. The credentials are those the AWS SDK finds: environment, files, web identity, container, instance.
func awsToken(region string) func(context.Context) (bearerToken, error) {
	return func(ctx context.Context) (bearerToken, error) {
		value, end, err := signer.GenerateAuthToken(ctx, region)
		if err != nil {
			return bearerToken{}, fmt.Errorf("sign in to AWS (%s): %w", region, err)
		}
		return bearerToken{value: value, end: time.UnixMilli(end)}, nil
	}
}
