using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests;

/// <summary>Decoders against numbers of <c>References/make_decoders.py</c>, which are computed from the definitions of the architectures.</summary>
public sealed class DecoderReferenceTests
{
    [Theory]
    [InlineData("phi3")]
    [InlineData("gemma")]
    [InlineData("gpt_neox")]
    [InlineData("gpt_neox_sequential")]
    [InlineData("opt")]
    public void Logits_loss_and_all_gradients_are_those_of_the_definition(string name)
    {
        using var backend = Backends.Create(threads: 2);
        var result = ModelVerifier.Verify(Folder(name), backend);
        Assert.True(result.Passed, result.ToString());
    }

    [Theory]
    [InlineData("phi3")]
    [InlineData("gemma")]
    [InlineData("gpt_neox")]
    [InlineData("opt")]
    public void A_directory_that_is_written_has_the_tensors_of_the_one_that_was_read(string name)
    {
        using var folder = new TemporaryFolder();
        using var backend = Backends.Create(threads: 1);
        using (var model = ModelDirectory.Load(Folder(name), backend)) ModelDirectory.Save(folder.Root, model);
        using var before = SafetensorsFile.Open(Path.Combine(Folder(name), "model.safetensors"));
        using var after = SafetensorsFile.Open(folder.At("model.safetensors"));
        Assert.Equal(before.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), after.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in before.Tensors)
        {
            Assert.Equal(tensor.Shape, after.Find(tensor.Name).Shape);
            Assert.Equal(before.ReadFloats(tensor.Name), after.ReadFloats(tensor.Name));
        }
    }

    private static string Folder(string name) => Path.Combine(SharedData.RepositoryRoot, "tests", "Coppice.Evaluation.Tests", "References", name);
}
