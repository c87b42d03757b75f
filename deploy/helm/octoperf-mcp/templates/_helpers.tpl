{{- define "octoperf-mcp.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "octoperf-mcp.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "octoperf-mcp.labels" -}}
{{ include "octoperf-mcp.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "octoperf-mcp.kind" -}}
{{ if .Values.upstream.url }}Deployment{{ else }}StatefulSet{{ end }}
{{- end }}

{{/* Many replicas, by hand or by the autoscaler. */}}
{{- define "octoperf-mcp.several" -}}
{{ if or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled }}yes{{ end }}
{{- end }}

{{- define "octoperf-mcp.check" -}}
{{- if and (include "octoperf-mcp.several" .) (not .Values.existingSecret) }}
{{- fail "More than one replica needs existingSecret, a Secret with the key server-secrets (openssl rand -hex 32): without it a session of one replica is unknown to the others." }}
{{- end }}
{{- if and .Values.redis (not .Values.existingSecret) }}
{{- fail "redis: true needs existingSecret, a Secret with the key redis-url." }}
{{- end }}
{{- end }}
