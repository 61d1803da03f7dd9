import JSON
import Testing

@testable import KubernetesAPI

@Suite struct `Objects` {
  private func read<Value>(_ json: String, _ body: (JSONView) -> Value) throws -> Value {
    var parser = JSONParser()
    return try parser.parse(Array(json.utf8), body)
  }

  @Test func `are read with their metadata`() throws {
    let meta = try read(
      """
      {"name":"a","namespace":"n","uid":"u","resourceVersion":"7","deletionTimestamp":"2026-01-01T00:00:00Z",\
      "finalizers":["f"],"labels":{"k":"v"},"ownerReferences":[{"kind":"Other","name":"x"},\
      {"apiVersion":"g/v","kind":"K","name":"o","uid":"w","controller":true}]}
      """
    ) { ObjectMeta($0) }
    #expect(meta.name == "a" && meta.namespace == "n" && meta.uid == "u" && meta.resourceVersion == "7")
    #expect(meta.isTerminating)
    #expect(meta.finalizers == ["f"] && meta.labels == ["k": "v"])
    #expect(meta.controller?.name == "o")
  }

  @Test(arguments: [
    "{}", "[]", "null", #"{"metadata":null,"spec":null,"status":null}"#, #"{"metadata":[1],"spec":"x"}"#,
  ])
  func `of any shape are read without failing`(_ json: String) throws {
    let pool = try read(json) { SpiderIPPool($0) }
    #expect(pool.metadata.name == "" && pool.spec.ips == [] && pool.spec.routes == nil)
    _ = try read(json) { SpiderSubnet($0) }
    _ = try read(json) { SpiderReservedIP($0) }
  }

  @Test func `tell absent routes from an empty list`() throws {
    #expect(try read(#"{"spec":{"routes":[]}}"#) { SpiderIPPool($0).spec.routes } == [])
    #expect(try read(#"{"spec":{"routes":null}}"#) { SpiderIPPool($0).spec.routes } == nil)
  }

  @Test func `that are pools tell whom they serve`() throws {
    let pool = try read(
      """
      {"spec":{"podAffinity":{"matchLabels":{"app":"web"}},"namespaceAffinity":{},"nodeAffinity":null,\
      "namespaceName":["a","b"],"nodeName":["n"],"multusName":["kube-system/m"],"default":true}}
      """
    ) { SpiderIPPool($0) }
    #expect(pool.podAffinity?.matchLabels.map(\.key) == ["app"])
    #expect(pool.namespaceAffinity?.isEmpty == true && pool.nodeAffinity == nil)
    #expect(pool.namespaceName == ["a", "b"] && pool.nodeName == ["n"])
    #expect(pool.multusName == ["kube-system/m"] && pool.isDefault)
  }

  @Test func `of kind Status are written and read back`() throws {
    let status = Status(
      code: 422, reason: "Invalid", message: "no \"x\"",
      details: Status.Details(
        group: "g", kind: "K", name: "n",
        causes: [Status.Cause(reason: "FieldValueInvalid", field: "spec.x", message: "m")],
        retryAfterSeconds: 3))
    var writer = JSONWriter()
    status.write(to: &writer, asObject: true)
    var parser = JSONParser()
    #expect(try parser.parse(writer.bytes) { Status($0) } == status)
    #expect(try read(#"{"kind":"Pod"}"#) { Status($0) } == nil)
  }
}
