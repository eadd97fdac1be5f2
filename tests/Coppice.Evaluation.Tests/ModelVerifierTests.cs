using Coppice.Evaluation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests;

public sealed class ModelVerifierTests
{
    private const string KeyBias = "grad.bert.encoder.layer.0.attention.self.key.bias";

    [SharedDataTheory("oracles/models")]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("llama_tied")]
    [InlineData("llama_packed")]
    [InlineData("mistral_window")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("bert_mlm")]
    [InlineData("roberta_mlm")]
    public void Reference_models_are_reproduced(string name)
    {
        using var backend = Backends.Create(threads: 2);
        var result = ModelVerifier.Verify(SharedData.At($"oracles/models/{name}"), backend);
        Assert.True(result.Passed, result.ToString());
    }

    [SharedDataTheory("oracles/models")]
    // Zero but for rounding, in the reference as in the model: whatever is not next to nothing there fails.
    [InlineData(KeyBias, 0, 1e-6f, true)]
    [InlineData(KeyBias, 0, 1e-7f, true)]
    [InlineData(KeyBias, 0, float.NaN, true)]
    // The smallest of the others.
    [InlineData("grad.bert.encoder.layer.0.attention.self.query.bias", 1.001f, 0, true)]
    [InlineData("grad.cls.predictions.bias", 1.001f, 0, true)]
    [InlineData("grad.bert.embeddings.word_embeddings.weight", 1, float.NaN, true)]
    [InlineData("logits", 1, 1e-3f, false)]
    [InlineData("logits", 1, float.NaN, false)]
    [InlineData("loss", 1, 1e-4f, false)]
    public void A_reference_that_differs_a_little_in_one_tensor_fails(string tensor, float factor, float added, bool isGradient)
    {
        using var folder = new TemporaryFolder();
        var source = SharedData.At("oracles/models/bert_mlm");
        foreach (var file in new[] { "config.json", "model.safetensors" }) File.Copy(Path.Combine(source, file), folder.At(file));
        using (var reference = SafetensorsFile.Open(Path.Combine(source, ModelVerifier.ReferenceFile)))
        {
            var tensors = reference.Tensors.Select(info =>
            {
                if (info.DataType != TensorDataType.F32) return TensorToWrite.Integers(info.Name, [.. info.Shape], reference.ReadIntegers(info.Name));
                var values = reference.ReadFloats(info.Name);
                // The first value alone takes what is added: in a mean it would drown.
                if (info.Name == tensor) values = [values[0] * factor + added, .. values.Skip(1).Select(value => value * factor)];
                return TensorToWrite.Floats(info.Name, [.. info.Shape], values);
            });
            SafetensorsWriter.Write(folder.At(ModelVerifier.ReferenceFile), [.. tensors], reference.Metadata);
        }

        using var backend = Backends.Create(threads: 1);
        var result = ModelVerifier.Verify(folder.Root, backend);
        Assert.False(result.Passed, result.ToString());
        if (isGradient) Assert.Equal(tensor, "grad." + result.WorstParameter);
    }
}
