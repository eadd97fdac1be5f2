using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters.Directories;

/// <summary>
/// The trained values of an adapter as they are, part of a run's checkpoint: <see cref="AdapterDirectory"/> writes PiSSA and OLoRA in another form, from which training
/// could not go on to the bit. What is frozen is no part of it: it is made anew from base, settings and seed.
/// </summary>
public static class AdapterState
{
    /// <summary>The file.</summary>
    public const string FileName = "adapter_state.safetensors";

    /// <summary>Writes the values.</summary>
    /// <param name="folder">A checkpoint's directory.</param>
    /// <param name="adapter">The adapter.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public static void Save(string folder, Adapter adapter) => SafetensorsWriter.Write(
        Path.Combine(folder, FileName), [.. adapter.Parameters.Parameters.Select(parameter => TensorToWrite.Floats(parameter.Name, Dimensions(parameter.Shape), (start, destination) => parameter.Tensor.CopyTo(start, destination)))]);

    /// <summary>Reads the values into an adapter of the same settings and seed on the same base.</summary>
    /// <param name="folder">A checkpoint's directory.</param>
    /// <param name="adapter">The adapter.</param>
    /// <exception cref="CoppiceException">The file is missing or damaged, or another adapter's; then no value has changed.</exception>
    public static void Load(string folder, Adapter adapter)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        var parameters = adapter.Parameters.Parameters;
        foreach (var parameter in parameters)
        {
            if (!file.Find(parameter.Name).Shape.SequenceEqual(Dimensions(parameter.Shape))) throw new CoppiceException($"{file.Path}: '{parameter.Name}' has another shape than {parameter.Shape}: it is another adapter's state");
        }

        if (file.Tensors.Count != parameters.Count) throw new CoppiceException($"{file.Path}: holds {file.Tensors.Count} tensors, the adapter has {parameters.Count}: it is another adapter's state");
        foreach (var (parameter, values) in parameters.Select(parameter => (parameter, file.ReadFloats(parameter.Name))).ToList()) parameter.Tensor.CopyFrom(values);
    }

    private static long[] Dimensions(Shape shape) => [.. Enumerable.Range(0, shape.Rank).Select(i => (long)shape[i])];
}
