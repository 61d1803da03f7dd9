import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `Facts of Pods` {
  private func read(_ json: String) throws -> PodFacts {
    var parser = JSONParser()
    return try parser.parse(Array(json.utf8)) { PodFacts($0, namespace: "shop") }
  }

  @Test func `are read from the object`() throws {
    let pod = try read(
      """
      {"metadata":{"generateName":"web-","uid":"u","labels":{"app":"web"},"annotations":{\
      "ipam.spidernet.io/ippool":"{}","ipam.spidernet.iox":"no","kubectl.kubernetes.io/last-applied":"no",\
      "v1.multus-cni.io/default-network":"m","k8s.v1.cni.cncf.io/networks":"n"},\
      "ownerReferences":[{"kind":"Other","name":"x","uid":"1"},\
      {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-7d","uid":"2","controller":true}]},\
      "spec":{"nodeName":"n1"}}
      """)
    #expect(pod.namespace == "shop" && pod.name == "" && pod.generateName == "web-" && pod.uid == "u")
    #expect(pod.labels == ["app": "web"] && pod.nodeName == "n1")
    #expect(
      pod.annotations.keys.sorted() == [
        "ipam.spidernet.io/ippool", "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network",
      ])
    #expect(!pod.isHostNetwork && !pod.isMirror)
    #expect(pod.owner?.name == "web-7d")
    #expect(pod.ownerKey.id == "2" && pod.ownerKey.label == "ReplicaSet shop/web-7d")
  }

  @Test(arguments: [
    "{}", "[]", "null", #"{"metadata":null,"spec":[]}"#, #"{"metadata":{"labels":[],"annotations":"x"}}"#,
  ])
  func `of any shape are read without failing`(_ json: String) throws {
    let pod = try read(json)
    #expect(pod.labels.isEmpty && pod.annotations.isEmpty && pod.owner == nil && !pod.isHostNetwork)
  }

  @Test func `name the same owner before and after the name is made`() throws {
    let before = try read(#"{"metadata":{"generateName":"web-"}}"#).ownerKey
    let after = try read(#"{"metadata":{"generateName":"web-","name":"web-x2f4q"}}"#).ownerKey
    #expect(before == after && before.label == "Pod shop/web-*")
    #expect(try read(#"{"metadata":{"name":"web"}}"#).ownerKey.label == "Pod shop/web")
  }

  @Test func `tell mirror Pods and the host's network`() throws {
    #expect(try read(#"{"metadata":{"annotations":{"kubernetes.io/config.mirror":"h"}}}"#).isMirror)
    #expect(try read(#"{"spec":{"hostNetwork":true}}"#).isHostNetwork)
  }
}

@Suite struct `Networks of Multus` {
  private func read(_ text: String) -> [String]? {
    MultusNetworks.read(text, defaultNamespace: "d")?.map { "\($0.network)@\($0.interface ?? "")" }
  }

  @Test(arguments: [
    ("a", ["d/a@"]), ("n/a", ["n/a@"]), ("n/a@net9", ["n/a@net9"]), (" a , n/b@x ", ["d/a@", "n/b@x"]),
    (#"[{"name":"a"},{"name":"b","namespace":"n","interface":"x"}]"#, ["d/a@", "n/b@x"]), ("[]", []),
  ])
  func `are read in both forms`(_ text: String, _ networks: [String]) {
    #expect(read(text) == networks)
  }

  @Test(arguments: [
    "", "a,", "/a", "n/", "a/b/c", "a@", "a@b@c", "{}", "[1]", #"[{"namespace":"n"}]"#, "[", #"["a"]"#,
  ])
  func `that cannot be read are none`(_ text: String) {
    #expect(read(text) == nil)
  }

  @Test func `are read up to a number`() {
    let names = { (count: Int) in (0..<count).map { "n\($0)" }.joined(separator: ",") }
    #expect(read(names(64))?.count == 64)
    #expect(read(names(65)) == nil)
    #expect(read(String(repeating: "a", count: 70_000)) == nil)
  }
}
