# devrun's formula for a tap. packaging/formula.sh fills in what stands between two @.
class Devrun < Formula
  desc "Runs a Procfile with free ports, restarts, one log stream and wired URLs"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@URL:aarch64-apple-darwin@"
      sha256 "@SHA256:aarch64-apple-darwin@"
    end
    on_intel do
      url "@URL:x86_64-apple-darwin@"
      sha256 "@SHA256:x86_64-apple-darwin@"
    end
  end

  # Static: they need nothing of the system, however old it is.
  on_linux do
    on_arm do
      url "@URL:aarch64-unknown-linux-musl@"
      sha256 "@SHA256:aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@URL:x86_64-unknown-linux-musl@"
      sha256 "@SHA256:x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "devrun"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/devrun.bash" => "devrun"
    zsh_completion.install "completions/_devrun"
    fish_completion.install "completions/devrun.fish"
    doc.install "README.md", "CHANGELOG.md", "THIRD-PARTY-LICENSES", "docs"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/devrun --version")
    (testpath/"Procfile").write "hello: echo \"my port is $PORT\"\n"
    assert_match "my port is", shell_output("#{bin}/devrun start -p 0")
  end
end
