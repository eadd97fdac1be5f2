using Coppice.Evaluation;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests;

public sealed class ModelVerifierTests
{
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
}
