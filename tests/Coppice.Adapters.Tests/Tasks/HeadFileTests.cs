using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

public sealed class HeadFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void A_head_comes_back_with_every_bit_and_what_it_tells()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var head = new TaskHead(model, 3);
        head.Initialize(4);
        var description = new HeadDescription(HeadTask.Words, ["B-X", "I-\"é\"", "O"], Pooling.Mean, LabelledToken.Last);
        HeadFile.Save(_folder.At(HeadFile.FileName), head, description);
        var (loaded, told) = HeadFile.Load(_folder.At(HeadFile.FileName), model);
        using (loaded)
        {
            Assert.Equal(description.Labels, told.Labels);
            Assert.Equal((description.Task, description.Pooling, description.Place), (told.Task, told.Pooling, told.Place));
            foreach (var parameter in head.Parameters.Parameters) Assert.Equal(parameter.Tensor.ToArray(), loaded.Parameters[parameter.Name].Tensor.ToArray());
            Assert.IsType<TokenClassificationObjective>(told.Objective(loaded));
        }
    }

    [Fact]
    public void A_file_that_is_no_head_or_another_models_is_refused()
    {
        using var model = TinyModels.Create("llama", _backend);
        SafetensorsWriter.Write(_folder.At("a.safetensors"), [TensorToWrite.Floats("score.weight", [1, 12], new float[12]), TensorToWrite.Floats("score.bias", [1], new float[1])]);
        Assert.Contains("no usable 'task'", Assert.Throws<CoppiceException>(() => HeadFile.Load(_folder.At("a.safetensors"), model)).Message, StringComparison.Ordinal);

        var metadata = new Dictionary<string, string> { ["task"] = "classes", ["pooling"] = "last", ["labelled_token"] = "first", ["labels"] = """["a", "b"]""" };
        Refused("belongs to another model", metadata);
        foreach (var (key, value) in new[] { ("task", "7"), ("pooling", "sum"), ("labels", "[null]"), ("labels", "[]"), ("labels", "{") })
            Refused($"no usable '{key}'", new Dictionary<string, string>(metadata) { [key] = value });

        void Refused(string message, Dictionary<string, string> described)
        {
            SafetensorsWriter.Write(_folder.At("b.safetensors"), [TensorToWrite.Floats("score.weight", [2, 7], new float[14]), TensorToWrite.Floats("score.bias", [2], new float[2])], described);
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => HeadFile.Load(_folder.At("b.safetensors"), model)).Message, StringComparison.Ordinal);
        }
    }
}
