// KubernetesAPI
