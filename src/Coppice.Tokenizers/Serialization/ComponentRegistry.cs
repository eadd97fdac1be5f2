using Coppice.Foundation;

namespace Coppice.Tokenizers.Serialization;

/// <summary>The components of one kind that can be read, by the <c>type</c> that <c>tokenizer.json</c> gives them. A new component is one more line.</summary>
/// <typeparam name="T">The kind of component.</typeparam>
/// <param name="readers">How each is read.</param>
internal sealed class ComponentRegistry<T>(IReadOnlyDictionary<string, Func<JsonField, T>> readers)
    where T : class
{
    /// <summary>Reads a component, or null where the file has none.</summary>
    /// <exception cref="CoppiceException">The component isn't known, or something in it is wrong.</exception>
    public T? ReadOptional(JsonField field) => field.IsNull ? null : Read(field);

    /// <summary>Reads a component.</summary>
    /// <exception cref="CoppiceException">The component isn't known, or something in it is wrong.</exception>
    public T Read(JsonField field) => Read(field, field["type"].RequireString());

    /// <summary>Reads a component of a type that is known already.</summary>
    /// <exception cref="CoppiceException">The component isn't known, or something in it is wrong.</exception>
    public T Read(JsonField field, string type)
    {
        if (!readers.TryGetValue(type, out var reader))
        {
            throw new CoppiceException($"{field.Path} {Quoted.Text(type)} is not supported; supported are {string.Join(", ", readers.Keys.Order(StringComparer.Ordinal))}");
        }

        return reader(field);
    }

    /// <summary>Reads a list of components.</summary>
    /// <exception cref="CoppiceException">A component isn't known, or something in it is wrong.</exception>
    public List<T> ReadAll(JsonField field) => field.RequireArray().Select(Read).ToList();
}
