using System.Text;
using Coppice.Models.Tests.Hub;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public class GetCommandTests
{
    [Fact]
    public void A_model_is_fetched_from_the_hub_that_the_environment_names()
    {
        using var folder = new TemporaryFolder();
        using var hub = new FakeHub();
        hub.Files["config.json"] = Encoding.UTF8.GetBytes(
            """{"model_type": "llama", "vocab_size": 50, "hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 20, "max_position_embeddings": 16}""");
        hub.Files["tokenizer.json"] = "{}"u8.ToArray();
        hub.Files["model.safetensors"] = new byte[5000];
        var target = folder.At("target");
        (string, string)[] environment = [("HF_ENDPOINT", hub.Address.ToString()), ("HF_HOME", folder.At("home")), ("HF_TOKEN", "hf_secret")];
        var run = CommandRun.Of(["get", "hf:" + FakeHub.Repository, "-o", target, "--json"], [], environment);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal((FakeHub.Commit, target), (run.Json.GetProperty("revision").GetString(), run.Json.GetProperty("directory").GetString()));
        Assert.Equal(new byte[5000], File.ReadAllBytes(Path.Combine(target, "model.safetensors")));
        Assert.True(File.Exists(Path.Combine(folder.At("home"), "hub", "models--owner--tiny", "blobs", FakeHub.Sha256(new byte[5000]))));

        var missing = CommandRun.Of(["get", "hf:" + FakeHub.Repository + "@v2", "-o", folder.At("other")], [], environment);
        Assert.Equal((1, "hf:owner/tiny@v2: there is no revision 'v2'\n"), (missing.ExitCode, missing.Error.ReplaceLineEndings("\n")));
        Assert.Equal(2, CommandRun.Of("get", "owner/tiny").ExitCode);
    }
}
