using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters.Directories;

/// <summary>
/// An adapter on disk as PEFT has it: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. The base is another directory; <see cref="AdapterBase"/>
/// knows it again.
/// </summary>
public static class AdapterDirectory
{
    /// <summary>The file with the settings.</summary>
    public const string ConfigurationFile = "adapter_config.json";

    /// <summary>The file with the values.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    private const string Prefix = "base_model.model.";
    private const string SharedPrefix = "base_model.";
    private const string Magnitude = ".lora_magnitude_vector";

    /// <summary>Whether a directory holds an adapter.</summary>
    /// <param name="directory">The directory.</param>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, ConfigurationFile));

    /// <summary>Reads the settings of an adapter.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <exception cref="CoppiceException">It holds none, or one that is not supported.</exception>
    public static AdapterConfiguration ReadConfiguration(string directory) => Exists(directory)
        ? AdapterConfigurationReader.Read(Path.Combine(directory, ConfigurationFile))
        : throw new CoppiceException($"{directory}: is not an adapter's directory: it has no {ConfigurationFile}");

    /// <summary>Reads an adapter into a set. Every tensor of the file belongs to the adapter and every one of the adapter is in the file, or it is refused.</summary>
    /// <param name="directory">The adapter's directory.</param>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">The adapter's name in the set.</param>
    /// <param name="trainable">Whether it is to be trained further.</param>
    /// <exception cref="CoppiceException">It can't be read, or doesn't fit the base.</exception>
    public static Adapter Load(string directory, AdapterSet set, string name, bool trainable = false) => Load(directory, set, name, trainable, loraPlusRatio: 1);

    /// <summary>The same, to be trained with LoRA+: what training alone knows is not in the file.</summary>
    internal static Adapter Load(string directory, AdapterSet set, string name, bool trainable, double loraPlusRatio)
    {
        var settings = ReadConfiguration(directory).Settings with { LoraPlusRatio = loraPlusRatio };
        try
        {
            return new AdapterContents(settings, ReadTensors(directory, settings, set.Model)).AddTo(set, name, trainable);
        }
        catch (CoppiceException error) when (!error.Message.StartsWith(directory, StringComparison.Ordinal))
        {
            throw new CoppiceException($"{directory}: {error.Message}", error.ExitCode, error);
        }
    }

    /// <summary>Writes an adapter. The bytes depend on settings, values and the base's name alone.</summary>
    /// <param name="directory">The directory; made where it is missing.</param>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">Which is written.</param>
    /// <param name="baseModel">What the file names as the base: a directory, best relative to this one, or a name; null for none.</param>
    /// <exception cref="CoppiceException">The method has no form on disk, or the directory can't be written.</exception>
    public static void Save(string directory, AdapterSet set, string name, string? baseModel = null) => Save(directory, AdapterContents.Of(set[name]), set.Model, baseModel);

    /// <summary>Writes the contents of an adapter.</summary>
    /// <param name="directory">The directory; made where it is missing.</param>
    /// <param name="contents">The contents.</param>
    /// <param name="model">The base.</param>
    /// <param name="baseModel">What the file names as the base.</param>
    /// <exception cref="CoppiceException">The contents don't belong to the base, or the directory can't be written.</exception>
    public static void Save(string directory, AdapterContents contents, LanguageModel model, string? baseModel = null)
    {
        var layout = AdapterLayout.Of(model, contents.Settings);
        var targets = layout.Targets.Select(target => target.Name).ToHashSet(StringComparer.Ordinal);
        var tensors = contents.Tensors.Select(tensor => TensorToWrite.Floats(
            FileName(tensor.Name, targets), [.. Enumerable.Range(0, tensor.Shape.Rank).Select(i => (long)tensor.Shape[i])], tensor.Values));
        // The configuration last: a directory without it is no adapter's.
        SafetensorsWriter.Write(Path.Combine(directory, WeightsFile), ChangedValues.Of(contents, layout, model) ?? [.. tensors], new Dictionary<string, string> { ["format"] = "pt" });
        AdapterConfigurationWriter.Write(Path.Combine(directory, ConfigurationFile), layout.Settings, model, layout.Targets, baseModel);
    }

    /// <summary>Names and numbers of values of an adapter's tensors.</summary>
    internal static IReadOnlyList<(string Name, long Count)> ReadNames(string directory)
    {
        using var file = SafetensorsFile.Open(Path.Combine(directory, WeightsFile));
        return [.. file.Tensors.Select(tensor => (tensor.Name, tensor.Count))];
    }

    private static IReadOnlyList<AdapterTensor> ReadTensors(string directory, AdapterSettings settings, LanguageModel model)
    {
        var path = Path.Combine(directory, WeightsFile);
        if (!File.Exists(path))
        {
            throw new CoppiceException(File.Exists(Path.Combine(directory, "adapter_model.bin"))
                ? $"{directory}: has its values as adapter_model.bin, which is program code: save it as safetensors with the tool that wrote it"
                : $"{directory}: has no {WeightsFile}");
        }

        using var file = SafetensorsFile.Open(path);
        if (ChangedValues.IsIn(file)) return ChangedValues.Read(file, AdapterLayout.Of(model, settings), model);
        var tensors = new List<AdapterTensor>();
        foreach (var info in file.Tensors)
        {
            if (info.Shape.Count is < 1 or > 4 || info.Shape.Any(size => size is < 1 or > int.MaxValue)) throw new CoppiceException($"{path}: '{info.Name}' has the shape [{string.Join(", ", info.Shape)}], which no part of an adapter has");
            if (!info.DataType.IsFloatingPoint()) throw new CoppiceException($"{path}: '{info.Name}' is stored as {info.DataType.Name()}, not as floating-point numbers");
            var values = file.ReadFloats(info.Name);
            if (!values.All(float.IsFinite)) throw new CoppiceException($"{path}: '{info.Name}' holds values that are no finite numbers: the adapter is broken");
            tensors.Add(new AdapterTensor(OwnName(path, info.Name), Shape.Of([.. info.Shape.Select(size => (int)size)]), values));
        }

        if (tensors.GroupBy(tensor => tensor.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice) throw new CoppiceException($"{path}: has '{twice.Key}' twice, under two names");
        return tensors;
    }

    /// <summary>In a file, the bias of a target is that of the layer that the adapter was put around.</summary>
    private static string FileName(string name, HashSet<string> targets)
    {
        const string Bias = ".bias";
        if (name == Methods.PromptMethod.Table) return name;
        if (name is Methods.Vera.SharedA or Methods.Vera.SharedB) return SharedPrefix + name;
        return Prefix + (name.EndsWith(Bias, StringComparison.Ordinal) && targets.Contains(name[..^Bias.Length]) ? $"{name[..^Bias.Length]}.base_layer{Bias}" : name);
    }

    private static string OwnName(string path, string name)
    {
        if (name == Methods.PromptMethod.Table) return name;
        if (name is SharedPrefix + Methods.Vera.SharedA or SharedPrefix + Methods.Vera.SharedB) return name[SharedPrefix.Length..];
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)) throw new CoppiceException($"{path}: '{name}' doesn't begin with '{Prefix}', as the names of PEFT's tensors do");
        name = name[Prefix.Length..].Replace(".base_layer.bias", ".bias", StringComparison.Ordinal);
        return name.EndsWith(Magnitude + ".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;
    }
}
