{{- define "kbe.args" -}}
- {{ printf "--verbosity=%v" .Values.verbosity | quote }}
{{- if .Values.sarama.logEnabled }}
- --log.enable-sarama
{{- end }}
{{- range .Values.kafkaServer }}
- {{ printf "--kafka.server=%s" . | quote }}
{{- end }}
{{- with .Values.kafkaBrokerVersion }}
- {{ printf "--kafka.version=%s" . | quote }}
{{- end }}
{{- with .Values.kafkaLabels }}
{{- $labels := list }}
{{- range $name, $value := . }}{{ $labels = append $labels (printf "%s=%v" $name $value) }}{{ end }}
- {{ printf "--kafka.labels=%s" (join "," $labels) | quote }}
{{- end }}
{{- range $group, $topics := .Values.groupExpect }}
- {{ printf "--group.expect=%s=%s" $group (join "," $topics) | quote }}
{{- end }}
{{- if gt (int .Values.shards) 1 }}
- {{ printf "--shard=$(SHARD_INDEX)/%v" .Values.shards | quote }}
{{- end }}
{{- with .Values.tls }}
{{- if .enabled }}
- --tls.enabled
{{- if .secretName }}
{{- $path := .mountPath }}
{{- with .caFile }}
- {{ printf "--tls.ca-file=%s/%s" $path . | quote }}
{{- end }}
{{- with .certFile }}
- {{ printf "--tls.cert-file=%s/%s" $path . | quote }}
{{- end }}
{{- with .keyFile }}
- {{ printf "--tls.key-file=%s/%s" $path . | quote }}
{{- end }}
{{- end }}
{{- if .insecureSkipVerify }}
- --tls.insecure-skip-tls-verify
{{- else if .serverName }}
- {{ printf "--tls.server-name=%s" .serverName | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.sasl }}
{{- if .enabled }}
- --sasl.enabled
{{- if not .handshake }}
- --no-sasl.handshake
{{- end }}
{{- if .scram.enabled }}
- {{ printf "--sasl.mechanism=%s" .scram.mechanism | quote }}
- --sasl.username=$(SASL_USERNAME)
- --sasl.password-file=/etc/kafka-sasl/password
{{- end }}
{{- if .awsiam.enabled }}
- {{ printf "--sasl.mechanism=%s" .awsiam.mechanism | quote }}
{{- with .awsiam.awsRegion }}
- {{ printf "--sasl.aws-region=%s" . | quote }}
{{- end }}
{{- end }}
{{- if .kerberos.enabled }}
- --sasl.mechanism=gssapi
{{- with .kerberos.username }}
- {{ printf "--sasl.username=%s" . | quote }}
{{- end }}
- {{ printf "--sasl.service-name=%s" .kerberos.serviceName | quote }}
- {{ printf "--sasl.kerberos-config-path=%s/kerberos.conf" .kerberos.mountPath | quote }}
- {{ printf "--sasl.realm=%s" .kerberos.realm | quote }}
- {{ printf "--sasl.keytab-path=%s/kerberos.keytab" .kerberos.mountPath | quote }}
- {{ printf "--sasl.kerberos-auth-type=%s" .kerberos.kerberosAuthType | quote }}
{{- end }}
{{- if .oauthbearer.enabled }}
- --sasl.mechanism=oauthbearer
- --sasl.username=$(SASL_USERNAME)
- --sasl.password-file=/etc/kafka-sasl/password
- {{ printf "--sasl.oauthbearer-token-url=%s" .oauthbearer.tokenUrl | quote }}
{{- range .oauthbearer.scopes }}
- {{ printf "--sasl.oauthbearer-scope=%s" . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.server.tls }}
{{- if .enabled }}
- --server.tls.enabled
- {{ printf "--server.tls.cert-file=%s/%s" .mountPath .certFile | quote }}
- {{ printf "--server.tls.key-file=%s/%s" .mountPath .keyFile | quote }}
{{- if .mutualAuthEnabled }}
- --server.tls.mutual-auth-enabled
- {{ printf "--server.tls.ca-file=%s/%s" .mountPath .caFile | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.webConfig.secretName }}
- {{ printf "--web.config.file=%s/%s" .Values.webConfig.mountPath .Values.webConfig.file | quote }}
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- /* The Secret that holds the user name and the password, if any. */ -}}
{{- define "kbe.loginSecret" -}}
{{- if .Values.sasl.enabled -}}
{{- if .Values.sasl.scram.enabled -}}{{- include "kbe.scramSecret" . -}}
{{- else if .Values.sasl.oauthbearer.enabled -}}{{- .Values.sasl.oauthbearer.secretName -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kbe.env" -}}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- with include "kbe.loginSecret" . }}
- name: SASL_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: username
{{- end }}
{{- if gt (int .Values.shards) 1 }}
- name: SHARD_INDEX
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
{{- end }}
{{- end -}}

{{- /* What is mounted: a list of name, Secret, path and whether only the password is needed. */ -}}
{{- define "kbe.secrets" -}}
{{- with .Values.tls }}{{ if and .enabled .secretName }}
- {name: kafka-certs, secret: {{ .secretName | quote }}, path: {{ .mountPath | quote }}, only: ""}
{{- end }}{{ end }}
{{- with include "kbe.loginSecret" . }}
- {name: kafka-sasl, secret: {{ . | quote }}, path: /etc/kafka-sasl, only: password}
{{- end }}
{{- if and .Values.sasl.enabled .Values.sasl.kerberos.enabled }}
- {name: kerberos, secret: {{ .Values.sasl.kerberos.secretName | quote }}, path: {{ .Values.sasl.kerberos.mountPath | quote }}, only: ""}
{{- end }}
{{- with .Values.server.tls }}{{ if .enabled }}
- {name: server-certs, secret: {{ .secretName | quote }}, path: {{ .mountPath | quote }}, only: ""}
{{- end }}{{ end }}
{{- with .Values.webConfig }}{{ if .secretName }}
- {name: web-config, secret: {{ .secretName | quote }}, path: {{ .mountPath | quote }}, only: ""}
{{- end }}{{ end }}
{{- end -}}

{{- define "kbe.mounts" -}}
{{- range include "kbe.secrets" . | fromYamlArray }}
- name: {{ .name }}
  mountPath: {{ .path }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kbe.volumes" -}}
{{- range include "kbe.secrets" . | fromYamlArray }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    {{- if .only }}
    items:
      - key: {{ .only }}
        path: {{ .only }}
    {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
