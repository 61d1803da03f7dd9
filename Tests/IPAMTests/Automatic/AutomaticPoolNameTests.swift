import Addressing
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `The name of an automatic pool` {
  private func names(
    _ application: String, interface: String = "eth0", uid: String = AutomaticFixture.uid
  ) -> [String] {
    AutomaticFixture.pool(of: AutomaticFixture.application(application, uid: uid), interface: interface).names
  }

  /// What the API server asks of the name of an object (RFC 1123 subdomain).
  private func isLegal(_ name: String) -> Bool {
    name.utf8.count <= 253
      && name.wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/) != nil
  }

  @Test func `is made as Spiderpool makes it`() {
    #expect(names("web").first == "auto4-web-eth0-0a1b2")
    #expect(names("Web", interface: "NET1", uid: "A-B-0A1B2C").first == "auto4-web-net1-0a1b2")
    #expect(AutomaticFixture.pool(family: .v6).names.first == "auto6-web-eth0-0a1b2")
    #expect(names("web", interface: "eth0.100").first == "auto4-web-eth0.100-0a1b2")
  }

  @Test func `holds more of the UID where another pool has it already`() {
    #expect(
      names("web") == ["auto4-web-eth0-0a1b2", "auto4-web-eth0-0a1b2c3d4", "auto4-web-eth0-0a1b2c3d4e5f"])
  }

  @Test(arguments: [
    ("eth_0", "eth-0"), ("a@b", "a-b"), ("é0", "-0"), ("a..b", "a--b"), ("a.-b", "a--b"), ("a_.b", "a--b"),
    ("a.b.c", "a.b.c"), ("-", "-"),
  ])
  func `is legal whatever the interface is called`(_ interface: String, _ shown: String) {
    #expect(names("web", interface: interface).first == "auto4-web-\(shown)-0a1b2")
    for name in names("web", interface: interface) { #expect(isLegal(name), "\(name)") }
  }

  @Test(arguments: [1, 2, 100, 219, 220, 235, 236, 237, 252, 253])
  func `is legal and stable however long the application's is`(_ length: Int) {
    // Dots everywhere: wherever the name is cut, there is one beside.
    for unit in ["a", "a.", ".a", "ab-c.", "ab.c-"] {
      let repeated = String(repeating: unit, count: length)
      let application = "b" + String(repeated.prefix(length - 1).dropLast()) + (length > 1 ? "c" : "")
      #expect(isLegal(application) && application.utf8.count == length)
      for interface in ["e", "eth0.100", "a23456789012345"] {
        let found = names(application, interface: interface)
        #expect(found.filter { !isLegal($0) } == [])
        #expect(Set(found).count == 3)
        #expect(found == names(application, interface: interface))
      }
    }
  }

  @Test func `differs where long names differ at their end alone`() {
    let name = String(repeating: "a", count: 252)
    let (one, two) = (names(name + "x"), names(name + "y"))
    #expect(Set(one).isDisjoint(with: two))
    #expect(one.allSatisfy { $0.utf8.count == 253 && $0.hasPrefix("auto4-aaaa") })
    #expect(
      one.map { $0.split(separator: "-").last.map(String.init) } == ["0a1b2", "0a1b2c3d4", "0a1b2c3d4e5f"])
  }
}
