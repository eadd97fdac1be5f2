using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models.Gguf;

/// <summary>What was imported.</summary>
/// <param name="Output">The model directory.</param>
/// <param name="ModelType">The architecture.</param>
/// <param name="Parameters">The values of the model.</param>
/// <param name="Types">The storage types that the file had, with the number of tensors of each.</param>
/// <param name="HasTokenizer">Whether the file had a tokenizer.</param>
public sealed record GgufImportResult(string Output, string ModelType, long Parameters, IReadOnlyDictionary<string, int> Types, bool HasTokenizer);

/// <summary>How a GGUF file wants conversations written.</summary>
/// <param name="Source">A template in Jinja.</param>
/// <param name="BeginOfText">The token that begins a text; null where the file names none.</param>
/// <param name="EndOfText">The token that ends a turn or text; null where the file names none.</param>
public sealed record GgufChatTemplate(string Source, int? BeginOfText, int? EndOfText);

/// <summary>Makes a model directory of a GGUF file: configuration, weights as float32, tokenizer with its chat template.</summary>
public static class GgufImport
{
    private const string TokenizerFile = "tokenizer.json";
    private const string TokenizerConfigurationFile = "tokenizer_config.json";

    /// <summary>Imports a model.</summary>
    /// <param name="path">The GGUF file.</param>
    /// <param name="directory">The model directory to write: new or empty.</param>
    /// <param name="backend">Holds the weights.</param>
    /// <exception cref="CoppiceException">The file is damaged or its model not supported, or the directory can't be written.</exception>
    public static GgufImportResult Read(string path, string directory, Backend backend)
    {
        RefuseFilled(directory);
        using var file = GgufFile.Open(path);
        using var model = ReadModel(file, backend);
        var tokenizer = ReadTokenizer(file, model.Configuration);
        ModelDirectory.Save(directory, model);
        if (tokenizer is not null)
        {
            AtomicFile.WriteText(Path.Combine(directory, TokenizerFile), tokenizer);
            AtomicFile.WriteText(Path.Combine(directory, TokenizerConfigurationFile), GgufTokenizerImport.ReadConfiguration(file, model.Configuration));
        }

        var types = file.Tensors.GroupBy(tensor => tensor.Format.Name).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        return new GgufImportResult(directory, model.Configuration.ModelType, model.Parameters.Count, types, tokenizer is not null);
    }

    /// <summary>Reads the tokenizer of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="configuration">The configuration of its model.</param>
    /// <returns>The text of a <c>tokenizer.json</c>, or null where the file has no tokenizer.</returns>
    /// <exception cref="CoppiceException">It is none that is supported, or contradicts itself.</exception>
    public static string? ReadTokenizer(GgufFile file, ModelConfiguration configuration) => GgufTokenizerImport.Read(file, configuration.VocabularySize);

    /// <summary>Reads the chat template of a file.</summary>
    /// <param name="file">The file.</param>
    /// <returns>The template, or null where the file has none.</returns>
    /// <exception cref="CoppiceException">The metadata are damaged.</exception>
    public static GgufChatTemplate? ReadChatTemplate(GgufFile file) => file.Metadata.OptionalText(GgufTokenizer.ChatTemplateKey) is { } source
        ? new GgufChatTemplate(source, file.Metadata.OptionalWhole(GgufTokenizer.BeginKey), file.Metadata.OptionalWhole(GgufTokenizer.EndKey))
        : null;

    /// <summary>Reads the model of a file. Matrices that it stores in the very blocks that are asked for are taken as they are.</summary>
    /// <param name="file">The file.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="quantization">In what matrices are held.</param>
    /// <exception cref="CoppiceException">The model is not supported, or tensors are missing, superfluous or of another shape.</exception>
    public static LanguageModel ReadModel(GgufFile file, Backend backend, Quantization quantization = Quantization.None)
    {
        var configuration = GgufArchitecture.Read(file);
        // Before memory is taken by what the metadata say: a tensor of each shape is really there.
        var places = GgufLayout.Places(configuration);
        foreach (var place in places) RequireShape(file, place);
        var known = places.Select(place => place.Tensor).ToHashSet(StringComparer.Ordinal);
        var stranger = file.Tensors.FirstOrDefault(tensor => !known.Contains(tensor.Name) && !(configuration is LlamaConfiguration { RotaryScaling: not null } && GgufRotary.IsDivisors(tensor.Name)));
        if (stranger is not null) throw new CoppiceException($"{file.Path}: '{stranger.Name}' is not part of a {configuration.ModelType} model of this configuration");
        if (configuration is Gpt2Configuration gpt2 && BiasesAreZero(file, places)) configuration = gpt2 with { Bias = false };
        if (quantization != Quantization.None)
        {
            var placeOf = places.ToDictionary(place => place.Parameter.Name, StringComparer.Ordinal);
            var last = (Name: "", Values: Array.Empty<float>());
            return QuantizedModel.Build(configuration, backend, quantization, Read, (parameter, format) => ReadBlocks(file, placeOf[parameter.Name], format));

            // Rows may be in another order there: a parameter is read as a whole, and asked for in parts.
            void Read(ParameterPlan parameter, long start, Span<float> destination)
            {
                if (last.Name != parameter.Name) last = (parameter.Name, ReadValues(file, placeOf[parameter.Name]));
                last.Values.AsSpan((int)start, destination.Length).CopyTo(destination);
            }
        }

        var model = configuration.Create(backend, trainable: false);
        try
        {
            foreach (var place in places)
            {
                if (model.Parameters.TryGet(place.Parameter.Name, out var parameter)) parameter.Tensor.CopyFrom(ReadValues(file, place));
            }

            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static float[] ReadValues(GgufFile file, GgufPlace place) => place.FromFile(file.ReadFloats(place.Tensor));

    private static byte[]? ReadBlocks(GgufFile file, GgufPlace place, BlockFormat format)
    {
        var stored = file.Find(place.Tensor).Format;
        if (stored == format) return place.RowsFromFile(file.ReadBytes(place.Tensor));
        return (stored, format) is (Q4Format, Q4OffsetFormat) ? place.RowsFromFile(Q4OffsetFormat.FromQ4(file.ReadBytes(place.Tensor))) : null;
    }

    private static void RequireShape(GgufFile file, GgufPlace place)
    {
        var shape = file.Find(place.Tensor).Shape;
        if (!shape.SequenceEqual(place.Shape))
            throw new CoppiceException($"{file.Path}: '{place.Tensor}' has the shape [{string.Join(", ", shape)}], but the metadata ask for [{string.Join(", ", place.Shape)}]");
    }

    // A model trained without biases is exported with zeros, for GGUF's GPT-2 has no switch for them.
    private static bool BiasesAreZero(GgufFile file, IReadOnlyList<GgufPlace> places) =>
        places.Where(place => place.Tensor.EndsWith(".bias", StringComparison.Ordinal)).All(place => file.ReadFloats(place.Tensor).All(value => value == 0));

    private static void RefuseFilled(string output)
    {
        if (File.Exists(output)) throw CoppiceException.Usage($"{output}: is a file; name a folder for the model");
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()) throw CoppiceException.Usage($"{output}: is not empty; name another folder for the model");
    }
}
