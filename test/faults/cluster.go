package faults

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Requests that change the cluster itself.

// topicsOf describes topics as any broker knows them.
func (d *driver) topicsOf(ctx context.Context, names ...string) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, name := range names {
		one := kmsg.NewMetadataRequestTopic()
		one.Topic = &name
		req.Topics = append(req.Topics, one)
	}
	return req.RequestWith(ctx, d.client)
}

// turnLeaders makes the second replica of every partition the leader of it.
func (d *driver) turnLeaders(ctx context.Context, topics ...string) error {
	metadata, err := d.topicsOf(ctx, topics...)
	if err != nil {
		return fmt.Errorf("move leaders: %w", err)
	}
	alter := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	alter.TimeoutMillis = 10_000
	elect := kmsg.NewPtrElectLeadersRequest()
	elect.TimeoutMillis = 10_000
	for _, t := range metadata.Topics {
		if t.Topic == nil || t.ErrorCode != 0 {
			continue
		}
		at, et := kmsg.NewAlterPartitionAssignmentsRequestTopic(), kmsg.NewElectLeadersRequestTopic()
		at.Topic, et.Topic = *t.Topic, *t.Topic
		for _, p := range t.Partitions {
			part := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
			part.Partition = p.Partition
			part.Replicas = append(append([]int32{}, p.Replicas[1:]...), p.Replicas[0])
			at.Partitions = append(at.Partitions, part)
			et.Partitions = append(et.Partitions, p.Partition)
		}
		alter.Topics, elect.Topics = append(alter.Topics, at), append(elect.Topics, et)
	}
	if _, err := alter.RequestWith(ctx, d.client); err != nil {
		return fmt.Errorf("move leaders: %w", err)
	}
	if _, err := elect.RequestWith(ctx, d.client); err != nil {
		return fmt.Errorf("move leaders: %w", err)
	}
	return nil
}

// seenBy are the brokers that one of them takes for alive.
func (d *driver) seenBy(ctx context.Context, broker int32) (ids []int32, err error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	resp, err := d.client.Broker(int(broker)).Request(ctx, req)
	if err != nil {
		return nil, err
	}
	for _, b := range resp.(*kmsg.MetadataResponse).Brokers {
		ids = append(ids, b.NodeID)
	}
	return ids, nil
}

// controller is the broker that is the active controller.
func (d *driver) controller(ctx context.Context) (int32, error) {
	req := kmsg.NewPtrDescribeQuorumRequest()
	t, p := kmsg.NewDescribeQuorumRequestTopic(), kmsg.NewDescribeQuorumRequestTopicPartition()
	t.Topic, t.Partitions = "__cluster_metadata", append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, d.admin)
	if err != nil {
		return 0, fmt.Errorf("find the controller: %w", err)
	}
	return resp.Topics[0].Partitions[0].LeaderID, nil
}

// user is who the exporter logs in as.
const user = "exporter"

// acl allows (or denies) describing resources to the exporter's user.
type acl struct {
	resource kmsg.ACLResourceType
	name     string
	deny     bool
}

// rights are what the exporter needs.
var rights = []acl{
	{kmsg.ACLResourceTypeCluster, "kafka-cluster", false}, {kmsg.ACLResourceTypeGroup, "*", false},
	{kmsg.ACLResourceTypeTopic, "*", false},
}

func (d *driver) grant(ctx context.Context, list ...acl) error {
	req := kmsg.NewPtrCreateACLsRequest()
	for _, a := range list {
		c := kmsg.NewCreateACLsRequestCreation()
		c.ResourceType, c.ResourceName, c.ResourcePatternType = a.resource, a.name, kmsg.ACLResourcePatternTypeLiteral
		c.Principal, c.Host, c.Operation = "User:"+user, "*", kmsg.ACLOperationDescribe
		c.PermissionType = kmsg.ACLPermissionTypeAllow
		if a.deny {
			c.PermissionType = kmsg.ACLPermissionTypeDeny
		}
		req.Creations = append(req.Creations, c)
	}
	resp, err := req.RequestWith(ctx, d.client)
	if err != nil {
		return fmt.Errorf("grant rights: %w", err)
	}
	for _, r := range resp.Results {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return fmt.Errorf("grant rights: %w", err)
		}
	}
	return nil
}

// setPassword gives the exporter's user another password.
func (d *driver) setPassword(ctx context.Context, password string) error {
	const iterations = 4096
	salt := []byte("salt of the test")
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return err
	}
	req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	up := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
	up.Name, up.Mechanism, up.Iterations, up.Salt, up.SaltedPassword = user, 1, iterations, salt, salted
	req.Upsertions = append(req.Upsertions, up)
	resp, err := req.RequestWith(ctx, d.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Results[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("set the password: %w", err)
	}
	return nil
}

func (d *driver) revoke(ctx context.Context, list ...acl) error {
	req := kmsg.NewPtrDeleteACLsRequest()
	for _, a := range list {
		f := kmsg.NewDeleteACLsRequestFilter()
		name, principal := a.name, "User:"+user
		f.ResourceType, f.ResourceName, f.ResourcePatternType = a.resource, &name, kmsg.ACLResourcePatternTypeLiteral
		f.Principal, f.Operation, f.PermissionType = &principal, kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
		if a.deny {
			f.PermissionType = kmsg.ACLPermissionTypeDeny
		}
		req.Filters = append(req.Filters, f)
	}
	if _, err := req.RequestWith(ctx, d.client); err != nil {
		return fmt.Errorf("revoke rights: %w", err)
	}
	return nil
}
