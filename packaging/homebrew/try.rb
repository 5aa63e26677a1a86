# Tries a filled-in formula without Homebrew, by as much of its language as the formula uses: on every system the
# address is one of an archive with that sum, and what it installs runs.
#
#   ruby packaging/homebrew/try.rb FORMULA ARCHIVES DIRECTORY
#
# ARCHIVES has the files that the addresses end in; DIRECTORY is the unpacked archive of this machine.
require "digest"
require "fileutils"
require "open3"
require "pathname"
require "tmpdir"

SYSTEMS = [:macos, :linux].product([:arm, :intel]).freeze

# A directory that a formula installs into.
class Place < Pathname
  def install(*things)
    mkpath
    things.flatten.each do |thing|
      renamed = thing.is_a?(Hash) ? thing : { thing => File.basename(thing) }
      renamed.each { |from, name| FileUtils.cp_r(from, self / name) }
    end
  end
end

# What a formula finds in its class and in itself.
class Formula
  class << self
    attr_accessor :system, :places
    attr_reader :said, :tried

    def look_at(system)
      @system = system
      @said = {}
    end

    %i[desc homepage version license url sha256].each do |word|
      define_method(word) do |value = nil|
        raise "#{word} is said twice for #{system}" if value && said.key?(word)

        value ? said[word] = value : said.fetch(word)
      end
    end

    %i[macos linux].each { |name| define_method(:"on_#{name}") { |&body| body.call if system[0] == name } }
    %i[arm intel].each { |name| define_method(:"on_#{name}") { |&body| body.call if system[1] == name } }

    def test(&body)
      @tried = body
    end
  end

  PLACES = {
    bin: "bin", man1: "share/man/man1", doc: "share/doc/devrun", zsh_completion: "share/zsh/site-functions",
    bash_completion: "etc/bash_completion.d", fish_completion: "share/fish/vendor_completions.d"
  }.freeze

  def initialize(prefix)
    @prefix = Place.new(prefix)
  end

  PLACES.each { |name, directory| define_method(name) { Place.new(@prefix / directory) } }

  def version
    self.class.version
  end

  def testpath
    @prefix / "test"
  end

  def shell_output(command)
    testpath.mkpath
    said, status = Open3.capture2e({ "HOME" => testpath.to_s }, command, chdir: testpath.to_s)
    raise "#{command}: #{status}\n#{said}" unless status.success?

    said
  end

  def assert_match(expected, said)
    raise "`#{expected}` is not in\n#{said}" unless said.include?(expected)
  end
end

def expect(is_so, otherwise)
  raise otherwise unless is_so
end

def look(formula, archives, system)
  Object.send(:remove_const, :Devrun) if defined?(Devrun)
  # The words of the class body are said while it is read.
  Formula.define_singleton_method(:inherited) { |devrun| devrun.look_at(system) }
  load formula
  archive = File.join(archives, File.basename(Devrun.url))
  expect File.exist?(archive), "#{system}: there is no #{archive}"
  expect Digest::SHA256.file(archive).hexdigest == Devrun.sha256, "#{system}: another sum than that of #{archive}"
  expect Devrun.desc.length < 80 && !Devrun.desc.end_with?("."), "the description is too long for Homebrew"
end

def try_installed(unpacked)
  Dir.mktmpdir do |prefix|
    devrun = Devrun.new(prefix)
    Dir.chdir(unpacked) { devrun.install }
    pages = %w[bin/devrun share/man/man1/devrun.1 share/man/man1/devrun-start.1 share/doc/devrun/README.md
               etc/bash_completion.d/devrun share/zsh/site-functions/_devrun share/fish/vendor_completions.d/devrun.fish]
    pages.each { |page| expect File.file?(File.join(prefix, page)), "#{page} is not installed" }
    devrun.testpath.mkpath
    devrun.instance_eval(&Devrun.tried)
  end
end

formula, archives, unpacked = ARGV.map { |path| File.expand_path(path) }
expect !File.read(formula).match?(/@[A-Z]/), "something is not filled in in #{formula}"
SYSTEMS.each { |system| look(formula, archives, system) }
try_installed(unpacked)
