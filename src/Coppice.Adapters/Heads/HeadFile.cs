using System.Text.Json;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters;

/// <summary>A head on disk: one safetensors file with its parameters, whose metadata say what it tells.</summary>
public static class HeadFile
{
    /// <summary>The name of the file in a directory of a model or an adapter.</summary>
    public const string FileName = "head.safetensors";

    private const string TaskKey = "task";
    private const string LabelsKey = "labels";
    private const string PoolingKey = "pooling";
    private const string PlaceKey = "labelled_token";

    /// <summary>Writes a head.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="head">The head.</param>
    /// <param name="description">What it tells.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public static void Save(string path, TaskHead head, HeadDescription description)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(head.Outputs, description.Outputs);
        var tensors = head.Parameters.Parameters.Select(parameter => TensorToWrite.Floats(
            parameter.Name, [.. Enumerable.Range(0, parameter.Shape.Rank).Select(dimension => (long)parameter.Shape[dimension])], parameter.Tensor.CopyTo));
        SafetensorsWriter.Write(path, [.. tensors], new Dictionary<string, string>
        {
            [TaskKey] = NameOf(description.Task),
            [LabelsKey] = JsonSerializer.Serialize(description.Labels),
            [PoolingKey] = NameOf(description.Pooling),
            [PlaceKey] = NameOf(description.Place),
        });
    }

    /// <summary>Reads a head.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that it stands on.</param>
    /// <param name="trainable">Whether gradients are wanted.</param>
    /// <returns>The head, which the caller disposes, and what it tells.</returns>
    /// <exception cref="CoppiceException">The file can't be read, holds no head, or one for a model of another width.</exception>
    public static (TaskHead Head, HeadDescription Description) Load(string path, LanguageModel model, bool trainable = false)
    {
        using var file = SafetensorsFile.Open(path);
        var description = new HeadDescription(Value<HeadTask>(file, TaskKey), Labels(file), Value<Pooling>(file, PoolingKey), Value<LabelledToken>(file, PlaceKey));
        if (description.Outputs < 1) throw NoHead(file, LabelsKey);
        // Checked against the file before anything of that size is made.
        var wanted = (Weight: (long)description.Outputs * model.Configuration.HiddenSize, Bias: (long)description.Outputs);
        if (file.Find("score.weight").Count != wanted.Weight || file.Find("score.bias").Count != wanted.Bias)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"{path}: the head is not for a model of width {model.Configuration.HiddenSize} with {description.Outputs} outputs: it belongs to another model"));
        }

        var head = new TaskHead(model, description.Outputs, trainable: trainable);
        foreach (var parameter in head.Parameters.Parameters) parameter.Tensor.CopyFrom(file.ReadFloats(parameter.Name));
        return (head, description);
    }

    private static string NameOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static T Value<T>(SafetensorsFile file, string key)
        where T : struct, Enum =>
        file.Metadata.TryGetValue(key, out var name) && Enum.TryParse<T>(name, ignoreCase: true, out var value) && Enum.IsDefined(value) ? value : throw NoHead(file, key);

    private static string[] Labels(SafetensorsFile file)
    {
        try
        {
            if (file.Metadata.TryGetValue(LabelsKey, out var json) && JsonSerializer.Deserialize<string?[]>(json) is { } labels && labels.All(label => label is not null)) return labels!;
        }
        catch (JsonException error)
        {
            throw NoHead(file, LabelsKey, error);
        }

        throw NoHead(file, LabelsKey);
    }

    private static CoppiceException NoHead(SafetensorsFile file, string key, Exception? inner = null) => new($"{file.Path}: holds no head: its metadata have no usable '{key}'", inner: inner);
}
