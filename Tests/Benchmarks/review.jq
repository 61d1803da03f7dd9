# $subnet, $first, $second: texts of the new pool; $family: 4 or 6 for a review after defaulting, null for one before.
{
  group: "spiderpool.spidernet.io", version: "v2beta1"
} as $api
| {
    apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool",
    metadata: {name: "measured"}, spec: {ips: [$first, $second], subnet: $subnet}
  } as $applied
| {
    kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "ff6bebbd-bb45-4ed5-8940-19b6ca30768c",
      kind: ($api + {kind: "SpiderIPPool"}),
      resource: ($api + {resource: "spiderippools"}),
      requestKind: ($api + {kind: "SpiderIPPool"}),
      requestResource: ($api + {resource: "spiderippools"}),
      name: "measured",
      operation: "CREATE",
      userInfo: {username: "admin", uid: "admin", groups: ["system:masters", "system:authenticated"]},
      object: ($applied + {
        metadata: {
          annotations: {"kubectl.kubernetes.io/last-applied-configuration": (($applied | tojson) + "\n")},
          creationTimestamp: "2026-11-23T19:19:52Z",
          generation: 1,
          managedFields: [{
            apiVersion: "spiderpool.spidernet.io/v2beta1",
            fieldsType: "FieldsV1",
            fieldsV1: {
              "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}}},
              "f:spec": {".": {}, "f:default": {}, "f:disable": {}, "f:ips": {}, "f:subnet": {}}
            },
            manager: "kubectl-client-side-apply",
            operation: "Update",
            time: "2026-11-23T19:19:52Z"
          }],
          name: "measured",
          uid: "78814ed8-d4bb-407a-b6d7-5c383c69e92c"
        },
        spec: {default: false, disable: false, ips: [$first, $second], subnet: $subnet}
      } * if $family then {metadata: {finalizers: ["spiderpool.spidernet.io"]}, spec: {ipVersion: $family}} else {} end),
      oldObject: null,
      dryRun: true,
      options: {
        kind: "CreateOptions", apiVersion: "meta.k8s.io/v1",
        fieldManager: "kubectl-client-side-apply", fieldValidation: "Strict"
      }
    }
  }
