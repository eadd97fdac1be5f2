using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Tensors.Tests.Storage;

public sealed class SafetensorsDirectoryTests
{
    [Theory]
    [InlineData(1_000_000, new[] { "model.safetensors" })]
    [InlineData(80, new[] { "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json" })]
    [InlineData(1, new[] { "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json" })]
    public void One_file_and_shards_look_the_same(long maximumShardBytes, string[] files)
    {
        using var folder = new TemporaryFolder();
        SafetensorsDirectory.Write(folder.Root, Three(), new Dictionary<string, string> { ["format"] = "pt" }, maximumShardBytes);
        Assert.Equal(files, Files(folder));

        using var model = SafetensorsDirectory.Open(folder.Root);
        Assert.Equal("pt", model.Metadata["format"]);
        Assert.Equal(["a", "b", "c"], model.Tensors.Select(tensor => tensor.Name).Order());
        Assert.All(model.ReadFloats("a"), value => Assert.Equal(1f, value));
        Assert.All(model.ReadFloats("b"), value => Assert.Equal(2f, value));
        Assert.Equal([3L], model.ReadIntegers("c"));
        Assert.Equal([2, 5], model.Find("b").Shape);
        Assert.Contains("'aa'", Assert.Throws<CoppiceException>(() => model.Find("aa")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_index_gives_the_total_size_of_the_tensors()
    {
        using var folder = new TemporaryFolder();
        SafetensorsDirectory.Write(folder.Root, Three(), maximumShardBytes: 1);
        using var index = JsonDocument.Parse(File.ReadAllText(folder.At("model.safetensors.index.json")));
        Assert.Equal(88, index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
    }

    [Fact]
    public void Writing_one_form_removes_the_other()
    {
        using var folder = new TemporaryFolder();
        SafetensorsDirectory.Write(folder.Root, Three(), maximumShardBytes: 1);
        SafetensorsDirectory.Write(folder.Root, Three());
        Assert.Equal(["model.safetensors"], Files(folder));
        SafetensorsDirectory.Write(folder.Root, Three(), maximumShardBytes: 80);
        Assert.DoesNotContain("model.safetensors", Files(folder));
        using var model = SafetensorsDirectory.Open(folder.Root);
        Assert.Equal(3, model.Tensors.Count);
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("sub/model.safetensors")]
    [InlineData("..\\model.safetensors")]
    [InlineData("C:model.safetensors")]
    [InlineData("model.bin")]
    [InlineData("")]
    public void An_index_that_points_out_of_its_directory_is_refused(string file)
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.safetensors.index.json", JsonSerializer.Serialize(new { weight_map = new Dictionary<string, string> { ["a"] = file } }));
        Assert.Contains("same directory", Assert.Throws<CoppiceException>(() => SafetensorsDirectory.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"weight_map":{}}""")]
    [InlineData("""{"weight_map":{"a":1}}""")]
    [InlineData("""{"weight_map":{"a":"absent.safetensors"}}""")]
    [InlineData("""{"weight_map":{"a":"\ud800.safetensors"}}""")]
    public void A_wrong_index_is_refused(string json)
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.safetensors.index.json", json);
        Assert.Throws<CoppiceException>(() => SafetensorsDirectory.Open(folder.Root));
    }

    [Fact]
    public void A_tensor_that_the_index_promises_and_the_shard_lacks_is_named()
    {
        using var folder = new TemporaryFolder();
        SafetensorsDirectory.Write(folder.Root, Three(), maximumShardBytes: 1);
        var index = folder.At("model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("\"a\"", "\"z\"", StringComparison.Ordinal));
        Assert.Contains("tensor 'z'", Assert.Throws<CoppiceException>(() => SafetensorsDirectory.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_without_a_model_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.StartsWith(folder.Root, Assert.Throws<CoppiceException>(() => SafetensorsDirectory.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    private static TensorToWrite[] Three() =>
    [
        TensorToWrite.Floats("a", [10], Enumerable.Repeat(1f, 10).ToArray()),
        TensorToWrite.Floats("b", [2, 5], Enumerable.Repeat(2f, 10).ToArray()),
        TensorToWrite.Integers("c", [1], new[] { 3L }),
    ];

    private static IEnumerable<string> Files(TemporaryFolder folder) => Directory.GetFiles(folder.Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
