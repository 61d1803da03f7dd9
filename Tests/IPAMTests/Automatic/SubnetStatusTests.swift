import Addressing
import Testing

@testable import IPAM

@Suite struct `The status of a subnet` {
  private typealias Entry = SubnetStatus.Entry

  /// As Spiderpool writes it.
  private static let recorded =
    #"{"auto4-web-eth0-a1b2c":{"ips":["10.6.0.2-10.6.0.4"],"application":"apps_v1_Deployment_default_web"}}"#

  @Test func `is read and written in Spiderpool's own form`() throws {
    let status = SubnetStatus(entries: [
      "auto4-web-eth0-a1b2c": Entry(
        addresses: try AutomaticFixture.set("10.6.0.2-10.6.0.4"),
        application: "apps_v1_Deployment_default_web")
    ])
    #expect(SubnetStatus(Self.recorded) == status)
    #expect(status.text == Self.recorded)
  }

  @Test func `is written with sorted keys and merged ranges`() throws {
    let status = SubnetStatus(entries: [
      "c": Entry(addresses: nil), "a": Entry(addresses: try AutomaticFixture.set("fd00::2,fd00::1", .v6)),
      "b-1": Entry(addresses: try AutomaticFixture.set("10.6.0.9,10.6.0.2"), application: "v1_Thing_d_x"),
      "b": Entry(addresses: AddressSet(.v4)),
    ])
    #expect(
      status.text
        == #"{"a":{"ips":["fd00::1-fd00::2"]},"b":{"ips":[]},"#
        + #""b-1":{"ips":["10.6.0.2","10.6.0.9"],"application":"v1_Thing_d_x"},"c":{"ips":[]}}"#)
  }

  @Test func `is no text when there is no pool`() {
    #expect(SubnetStatus().text == nil)
    #expect(SubnetStatus(nil) == SubnetStatus())
    #expect(SubnetStatus("") == SubnetStatus())
    #expect(SubnetStatus("{}") == SubnetStatus())
  }

  @Test(arguments: ["[]", "null", "7", "{", "x", #"{"a":{"ips":[]},"a":{"ips":[]}}"#])
  func `is nothing when it cannot be read`(_ text: String) {
    #expect(SubnetStatus(text) == nil)
  }

  @Test func `passes over what is not known, and takes what can be read`() throws {
    let text = """
      {"a":{"application":7,"vlan":3,"ips":["10.6.0.2","x",5,"fd00::1","10.6.0.4"]},"b":{"application":"y"},"c":[],"d":null,\
      "e":{"ips":null},"f":{"ips":"10.6.0.9"}}
      """
    #expect(
      SubnetStatus(text)
        == SubnetStatus(entries: [
          "a": Entry(addresses: try AutomaticFixture.set("10.6.0.2,10.6.0.4")), "e": Entry(addresses: nil),
          "f": Entry(addresses: nil),
        ]))
  }

  @Test func `counts and gathers what its pools have`() throws {
    let status = SubnetStatus(entries: [
      "a": Entry(addresses: try AutomaticFixture.set("10.6.0.2-10.6.0.4")),
      "b": Entry(addresses: try AutomaticFixture.set("10.6.0.5,10.6.0.9")), "c": Entry(addresses: nil),
      "d": Entry(addresses: try AutomaticFixture.set("fd00::7", .v6)),
    ])
    #expect(status.allocatedCount == 6)
    #expect(status.addresses(.v4) == (try AutomaticFixture.set("10.6.0.2-10.6.0.5,10.6.0.9")))
    #expect(status.addresses(.v6) == (try AutomaticFixture.set("fd00::7", .v6)))
    #expect(SubnetStatus().allocatedCount == 0)
  }

  @Test func `counts no further than the field can say`() throws {
    let huge = try AutomaticFixture.set("fd00::-fd00::ffff:ffff:ffff:ffff", .v6)
    let one = Entry(addresses: try AutomaticFixture.set("fd01::1", .v6))
    #expect(SubnetStatus(entries: ["a": Entry(addresses: huge), "b": one]).allocatedCount == .max)
  }
}
