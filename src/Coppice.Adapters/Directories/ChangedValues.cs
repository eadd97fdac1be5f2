using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters.Directories;

/// <summary>
/// The form on disk of adapters that change few of the base's values: the places of those that differ from the base's, counted through all parameters in the model's order,
/// and the values there. 12 bytes each.
/// </summary>
internal static class ChangedValues
{
    private const string Places = "changed_places";
    private const string Values = "changed_values";

    /// <summary>The contents as changes; null where the method does not change values of the base, or so many that all are smaller.</summary>
    public static IReadOnlyList<TensorToWrite>? Of(AdapterContents contents, AdapterLayout layout, LanguageModel model)
    {
        if (layout.Method is not WholeModel { StoresChanges: true }) return null;
        var (places, values, first) = (new List<long>(), new List<float>(), 0L);
        foreach (var tensor in contents.Tensors)
        {
            var before = BaseValues(model, tensor.Name);
            for (var i = 0; i < before.Length; i++)
            {
                if (BitConverter.SingleToInt32Bits(before[i]) == BitConverter.SingleToInt32Bits(tensor.Values[i])) continue;
                places.Add(first + i);
                values.Add(tensor.Values[i]);
            }

            first += before.Length;
        }

        if (3 * places.Count > first) return null;
        return [TensorToWrite.Integers(Places, [places.Count], places.ToArray()), TensorToWrite.Floats(Values, [values.Count], values.ToArray())];
    }

    /// <summary>Whether a file holds changes.</summary>
    public static bool IsIn(SafetensorsFile file) => file.Tensors.Count == 2 && file.Tensors.All(tensor => tensor.Name is Places or Values);

    /// <summary>The tensors that changes stand for, on the base that they were made on.</summary>
    /// <exception cref="CoppiceException">The file's places are none of the model's, or not in order.</exception>
    public static IReadOnlyList<AdapterTensor> Read(SafetensorsFile file, AdapterLayout layout, LanguageModel model)
    {
        if (layout.Method is not WholeModel { StoresChanges: true }) throw new CoppiceException($"{file.Path}: holds changes of the base's values, and '{layout.Method.Name}' makes none");
        var (places, values) = (file.ReadIntegers(Places), file.ReadFloats(Values));
        if (places.Length != values.Length) throw new CoppiceException($"{file.Path}: has {places.Length} places and {values.Length} values");
        if (!values.All(float.IsFinite)) throw new CoppiceException($"{file.Path}: holds values that are no finite numbers: the adapter is broken");
        var (tensors, next, first, last) = (new List<AdapterTensor>(), 0, 0L, -1L);
        foreach (var name in layout.BaseParameters)
        {
            var tensor = new AdapterTensor(name, model.Parameters[name].Shape, BaseValues(model, name));
            for (; next < places.Length && places[next] < first + tensor.Values.Length; next++)
            {
                if (places[next] <= last) throw new CoppiceException($"{file.Path}: places of values are not in rising order");
                last = places[next];
                tensor.Values[last - first] = values[next];
            }

            first += tensor.Values.Length;
            tensors.Add(tensor);
        }

        return next == places.Length ? tensors : throw new CoppiceException($"{file.Path}: changes the value {places[next]}, and the model has {first}: it is another model's adapter");
    }

    /// <summary>The base's own values, whatever stands in for them.</summary>
    private static float[] BaseValues(LanguageModel model, string name)
    {
        var parameter = model.Parameters[name];
        var values = new float[parameter.Count];
        model.Parameters.Values.CopyTo(parameter.Offset, values);
        return values;
    }
}
