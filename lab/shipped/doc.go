// Package shipped holds the ScaledObjects of deploy/keda true: every trigger asks a query of rules/trigger-queries.yaml, no
// ScaledObject breaks the contract of those queries, and the scenarios have the services that they scale. It holds tests
// only. Building the manifests with kustomize is tested in the module deploy/golden, KEDA's own checks in test/e2e.
package shipped
