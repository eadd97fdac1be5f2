using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Directories;

/// <summary>Adapters that PEFT's format stores give the logits computed elsewhere.</summary>
public class OracleTests
{
    private const string Base = "oracles/models/llama";

    [SharedDataTheory("oracles/adapters")]
    [InlineData("lora")]
    [InlineData("rslora")]
    [InlineData("dora")]
    public void Logits_of_a_stored_adapter_are_reproduced_unmerged_and_merged(string name)
    {
        using var backend = Backends.Create(2);
        var result = AdapterVerifier.Verify(SharedData.At($"oracles/adapters/{name}"), SharedData.At(Base), backend);
        Assert.True(result.Passed && result.LogitsMaxAbsError < 2e-5, $"{result}");
    }

    [SharedDataTheory("oracles/adapters")]
    [InlineData("lora")]
    [InlineData("rslora")]
    [InlineData("dora")]
    public void A_stored_adapter_that_is_read_and_written_has_the_same_values(string name)
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(SharedData.At(Base), backend);
        using var set = new AdapterSet(model);
        using var folder = new TemporaryFolder();
        AdapterDirectory.Load(SharedData.At($"oracles/adapters/{name}"), set, "a");
        AdapterDirectory.Save(folder.At("a"), set, "a", "base");
        using var before = SafetensorsFile.Open(SharedData.At($"oracles/adapters/{name}/{AdapterDirectory.WeightsFile}"));
        using var after = SafetensorsFile.Open(folder.At($"a/{AdapterDirectory.WeightsFile}"));
        Assert.Equal(before.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), after.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in before.Tensors) Assert.Equal(before.ReadFloats(tensor.Name), after.ReadFloats(tensor.Name));
    }

    [SharedDataFact("oracles/adapters/rslora")]
    public void A_wrong_scale_would_be_seen()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(SharedData.At("oracles/adapters/rslora"))) File.Copy(file, folder.At(Path.GetFileName(file)));
        var configuration = folder.At(AdapterDirectory.ConfigurationFile);
        File.WriteAllText(configuration, File.ReadAllText(configuration).Replace("\"use_rslora\": true", "\"use_rslora\": false", StringComparison.Ordinal));
        using var backend = Backends.Create(1);
        Assert.False(AdapterVerifier.Verify(folder.Root, SharedData.At(Base), backend).Passed);
    }

    [SharedDataFact("oracles/adapters/lora")]
    public void A_renamed_tensor_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        File.Copy(SharedData.At($"oracles/adapters/lora/{AdapterDirectory.ConfigurationFile}"), folder.At(AdapterDirectory.ConfigurationFile));
        var bytes = File.ReadAllBytes(SharedData.At($"oracles/adapters/lora/{AdapterDirectory.WeightsFile}"));
        var place = bytes.AsSpan().IndexOf("layers.1.self_attn.v_proj.lora_B"u8);
        bytes[place + "layers.1.self_attn.".Length] = (byte)'w';
        File.WriteAllBytes(folder.At(AdapterDirectory.WeightsFile), bytes);
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(SharedData.At(Base), backend);
        using var set = new AdapterSet(model);
        var error = Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(folder.Root, set, "a"));
        Assert.Contains("layers.1.self_attn.v_proj.lora_B", error.Message, StringComparison.Ordinal);
        Assert.Empty(set.Names);
    }
}
