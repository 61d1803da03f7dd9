import Cluster
import Foundation
import JSON
import KubernetesAPI
import Testing

@Suite struct `Manifests of a local cluster` {
  private func write(_ text: String, _ directory: String, _ name: String = "pools.yaml") throws {
    let file = URL(fileURLWithPath: directory).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func manifest(_ name: String, subnet: String = "10.6.0.0/16", more: String = "") -> String {
    """
    ---
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: \(name)\(more)
    spec:
      subnet: \(subnet)

    """
  }

  /// Opens the store, runs `body`, and closes it.
  private func open(
    _ directory: String, _ body: (LocalCluster) async throws -> Void = { _ in }
  ) async throws -> ManifestSummary {
    let cluster = try LocalCluster.open(directory: directory)
    try await body(cluster)
    await cluster.close()
    return cluster.manifests
  }

  private func refusal(_ directory: String) throws -> String {
    do throws(LocalClusterError) {
      _ = try LocalCluster.open(directory: directory)
      return "opened"
    } catch {
      return error.description.replacingOccurrences(of: directory, with: "DIR")
    }
  }

  private func subnet(_ name: String, _ cluster: LocalCluster) async throws -> String? {
    try await cluster.get(.spiderIPPool, namespace: nil, name: name).value["spec"]?["subnet"]?.string
  }

  private func names(_ cluster: LocalCluster) async throws -> [String] {
    var names: [String] = []
    _ = try await cluster.list(.spiderIPPool, namespace: nil) { names.append($0.name) }
    return names
  }

  @Test func `are applied when they are new or changed`() async throws {
    try await withDirectory { directory in
      try write(manifest("a") + manifest("b"), directory)
      var summary = try await open(directory) { cluster in
        let found = try await names(cluster)
        #expect(found == ["a", "b"])
      }
      #expect(summary == ManifestSummary(applied: 2))
      summary = try await open(directory)
      #expect(summary == ManifestSummary(unchanged: 2))

      try write(manifest("a", subnet: "10.7.0.0/16") + manifest("b"), directory)
      summary = try await open(directory) { cluster in
        let subnet = try await subnet("a", cluster)
        #expect(subnet == "10.7.0.0/16")
        let value = try await cluster.get(.spiderIPPool, namespace: nil, name: "a").value
        #expect(value[metadata: "generation"] == 2)
      }
      #expect(summary == ManifestSummary(applied: 1, unchanged: 1))
    }
  }

  @Test func `give way to later changes until they change themselves`() async throws {
    try await withDirectory { directory in
      try write(manifest("a") + manifest("b"), directory)
      _ = try await open(directory) { cluster in
        try await cluster.change("a") {
          $0["spec"]?["subnet"] = "10.8.0.0/16"
          $0[metadata: "labels"] = ["kept": "yes"]
        }
        try await cluster.delete(.spiderIPPool, namespace: nil, name: "b")
      }
      _ = try await open(directory) { cluster in
        let subnet = try await subnet("a", cluster)
        #expect(subnet == "10.8.0.0/16")
        let found = try await names(cluster)
        #expect(found == ["a"])
      }
      try write(
        manifest("a", more: "\n  labels: {new: one}") + manifest("b", subnet: "10.9.0.0/16"), directory)
      _ = try await open(directory) { cluster in
        let value = try await cluster.get(.spiderIPPool, namespace: nil, name: "a").value
        #expect(value["spec"]?["subnet"] == "10.6.0.0/16")
        #expect(value[metadata: "labels"] == ["kept": "yes", "new": "one"])
        let found = try await names(cluster)
        #expect(found == ["a", "b"])
      }
    }
  }

  @Test func `take their object along when they go, unless it was changed since`() async throws {
    try await withDirectory { directory in
      try write(manifest("a") + manifest("b") + manifest("c"), directory)
      _ = try await open(directory) { cluster in
        let a = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
        _ = try await cluster.updateStatus(
          .spiderIPPool, namespace: nil, name: "a", json: try a.changed { $0["status"] = ["totalIPCount": 1] }
        )
        try await cluster.change("b") { $0["spec"]?["subnet"] = "10.8.0.0/16" }
        _ = try await cluster.create(.spiderIPPool, namespace: nil, json: pool("own"))
      }
      try write(manifest("c"), directory)
      var summary = try await open(directory) { cluster in
        let found = try await names(cluster)
        #expect(found == ["b", "c", "own"])
      }
      #expect(summary == ManifestSummary(unchanged: 1, deleted: 1, kept: 1))
      summary = try await open(directory)
      #expect(summary == ManifestSummary(unchanged: 1))
    }
  }

  @Test func `keep the finalizers' promise when they go`() async throws {
    try await withDirectory { directory in
      try write(manifest("a", more: "\n  finalizers: [spiderpool.spidernet.io]"), directory)
      _ = try await open(directory)
      try write("", directory)
      _ = try await open(directory) { cluster in
        let value = try await cluster.get(.spiderIPPool, namespace: nil, name: "a").value
        #expect(value[metadata: "deletionTimestamp"]?.string != nil)
      }
    }
  }

  @Test func `of a live object bring its identity and status`() async throws {
    try await withDirectory { directory in
      let more = "\n  uid: 5a2bb21c-8bf4-4a4b-a5f8-5b0f8f8f0d0e\n  resourceVersion: \"4711\""
      try write(manifest("a", more: more) + "status: {totalIPCount: 3}\n", directory)
      let cluster = try LocalCluster.inMemory(manifests: [directory])
      let object = try await cluster.get(.spiderIPPool, namespace: nil, name: "a")
      #expect(object.uid == "5a2bb21c-8bf4-4a4b-a5f8-5b0f8f8f0d0e")
      #expect(object.resourceVersion == "1")
      #expect(try object.value["status"] == ["totalIPCount": 3])
    }
  }

  @Test func `may be of any kind and in any folder, with kustomizations among them`() async throws {
    try await withDirectory { directory in
      try write(manifest("a"), directory, "one/two/pools.yml")
      try write("resources: [pools.yml]\n", directory, "one/two/kustomization.yaml")
      try write(
        #"{"apiVersion":"apps.kruise.io/v1alpha1","kind":"CloneSet","metadata":{"name":"web","namespace":"n"}}"#,
        directory, "web.json")
      try write("kind: [", directory, ".hidden/broken.yaml")
      _ = try await open(directory) { cluster in
        let found = try await names(cluster)
        #expect(found == ["a"])
        let cloneSet = ResourceType(
          group: "apps.kruise.io", version: "v1alpha1", plural: "clonesets", kind: "CloneSet",
          isNamespaced: true,
          hasStatus: true)
        let web = try await cluster.get(cloneSet, namespace: "n", name: "web")
        #expect(web.name == "web")
      }
    }
  }

  @Test func `may move from file to file`() async throws {
    try await withDirectory { directory in
      try write(manifest("a") + manifest("b"), directory, "one.yaml")
      _ = try await open(directory)
      try write(manifest("a"), directory, "one.yaml")
      try write(manifest("b"), directory, "two.yaml")
      // Three times: when they moved, and when nothing changed since, and when one of the files goes.
      for _ in 0..<2 {
        let summary = try await open(directory)
        #expect(summary == ManifestSummary(unchanged: 2))
      }
      try FileManager.default.removeItem(atPath: directory + "/one.yaml")
      let summary = try await open(directory) { cluster in
        let found = try await names(cluster)
        #expect(found == ["b"])
      }
      #expect(summary == ManifestSummary(unchanged: 1, deleted: 1))
      try write(manifest("b"), directory, "three.yaml")
      let twice = try refusal(directory)
      #expect(twice == "DIR/two.yaml: SpiderIPPool b is in DIR/three.yaml:2:1 as well")
    }
  }

  @Test func `are applied all or none, however many`() async throws {
    try await withDirectory { directory in
      let many = (0..<600).map { manifest("p\($0)") }.joined()
      try write(many + manifest("b/c"), directory)
      let found = try refusal(directory)
      #expect(found == "DIR/pools.yaml:4202:1: metadata.name b/c is no name for an object")
      try write("", directory)
      _ = try await open(directory) { cluster in
        let left = try await names(cluster)
        #expect(left.isEmpty)
      }
      try write(many, directory)
      let summary = try await open(directory) { cluster in
        let version = try await cluster.list(.spiderIPPool, namespace: nil) { _ in }
        #expect(version == "600")
      }
      #expect(summary == ManifestSummary(applied: 600))
    }
  }

  @Test func `with an error change nothing`() async throws {
    try await withDirectory { directory in
      try write(manifest("a"), directory)
      _ = try await open(directory)
      let cases = [
        (
          manifest("b") + manifest("b"), "DIR/pools.yaml:9:1: SpiderIPPool b is in DIR/pools.yaml:2:1 as well"
        ),
        (manifest("b") + "---\nspec: {}\n", "DIR/pools.yaml:9:1: an object needs apiVersion and kind"),
        (
          manifest("b") + "---\nkind: K\napiVersion: v1\n",
          "DIR/pools.yaml:9:1: an object needs metadata.name"
        ),
        (
          manifest("b") + "---\na: [\n",
          "DIR/pools.yaml:10:1: did not find expected node content while parsing a flow node"
        ),
        (manifest("b/c"), "DIR/pools.yaml:2:1: metadata.name b/c is no name for an object"),
      ]
      for (text, message) in cases {
        try write(text, directory)
        let found = try refusal(directory)
        #expect(found == message)
      }
      try write(manifest("a"), directory)
      _ = try await open(directory) { cluster in
        let found = try await names(cluster)
        #expect(found == ["a"])
      }
    }
  }
}
