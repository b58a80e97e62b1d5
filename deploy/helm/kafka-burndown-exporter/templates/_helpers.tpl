{{- define "kbe.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kbe.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "kbe.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kbe.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kbe.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kbe.labels" -}}
{{ include "kbe.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "kbe.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kbe.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* The Secret with username and password: the one that is named, or the one that this chart makes. */ -}}
{{- define "kbe.scramSecret" -}}
{{- default (include "kbe.fullname" .) .Values.sasl.scram.secretName -}}
{{- end -}}

{{- /* serviceMonitor with what prometheus.serviceMonitor says otherwise, as YAML. */ -}}
{{- define "kbe.serviceMonitor" -}}
{{- $monitor := deepCopy .Values.serviceMonitor -}}
{{- range $key, $value := .Values.prometheus.serviceMonitor -}}
{{- if eq $key "additionalLabels" -}}
{{- $_ := set $monitor "labels" (merge (dict) (default (dict) $value) $monitor.labels) -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- $_ := set $monitor $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $monitor -}}
{{- end -}}

{{- /* replicaCount, or nothing where it is not set: Helm drops a null. */ -}}
{{- define "kbe.replicas" -}}
{{- if hasKey .Values "replicaCount" -}}
{{- if not (kindIs "invalid" .Values.replicaCount) -}}{{- int .Values.replicaCount -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kbe.validate" -}}
{{- $ways := list -}}
{{- range $name := list "scram" "awsiam" "kerberos" "oauthbearer" -}}
{{- if (index $.Values.sasl $name).enabled -}}{{- $ways = append $ways (printf "sasl.%s" $name) -}}{{- end -}}
{{- end -}}
{{- if and .Values.sasl.enabled (gt (len $ways) 1) -}}
{{- fail (printf "%s: enable one of them" (join ", " $ways)) -}}
{{- end -}}
{{- if and (not .Values.sasl.enabled) $ways -}}
{{- fail (printf "%s.enabled needs sasl.enabled=true" (first $ways)) -}}
{{- end -}}
{{- with .Values.sasl.scram -}}
{{- if and .enabled (not .secretName) (not (and .username .password)) -}}
{{- fail "sasl.scram: set secretName, or username and password" -}}
{{- end -}}
{{- end -}}
{{- with .Values.sasl.oauthbearer -}}
{{- if and .enabled (not (and .tokenUrl .secretName)) -}}
{{- fail "sasl.oauthbearer: set tokenUrl and secretName" -}}
{{- end -}}
{{- end -}}
{{- with .Values.sasl.kerberos -}}
{{- if and .enabled (not (and .secretName .realm)) -}}
{{- fail "sasl.kerberos: set realm and secretName" -}}
{{- end -}}
{{- end -}}
{{- with .Values.server.tls -}}
{{- if and .enabled (not .secretName) -}}{{- fail "server.tls.enabled: set server.tls.secretName" -}}{{- end -}}
{{- end -}}
{{- if and .Values.server.tls.enabled .Values.webConfig.secretName -}}
{{- fail "server.tls.enabled: cannot be combined with webConfig; put the certificate into the web configuration" -}}
{{- end -}}
{{- if and (gt (int .Values.shards) 1) (ne (include "kbe.replicas" .) "") -}}
{{- fail "replicaCount: not with shards above 1, where there is one pod per shard; remove it" -}}
{{- end -}}
{{- end -}}

{{- /* A probe as the values have it, unless the port wants TLS or a password: the kubelet has none of them. */ -}}
{{- define "kbe.probe" -}}
{{- $probe := deepCopy .probe -}}
{{- $get := $probe.httpGet -}}
{{- if and $get (or .Values.webConfig.secretName (and .Values.server.tls.enabled .Values.server.tls.mutualAuthEnabled)) -}}
{{- $_ := set $probe "tcpSocket" (dict "port" $get.port) -}}
{{- $_ := unset $probe "httpGet" -}}
{{- else if and $get .Values.server.tls.enabled -}}
{{- $_ := set $get "scheme" "HTTPS" -}}
{{- end -}}
{{- toYaml $probe -}}
{{- end -}}
