using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>A record of a file of examples: named fields, and where they stand.</summary>
public abstract class DataRecord
{
    /// <summary>Names the place.</summary>
    /// <param name="where">File and line.</param>
    protected DataRecord(string where) => Where = where;

    /// <summary>File and line.</summary>
    public string Where { get; }

    /// <summary>The names of the fields.</summary>
    protected abstract IEnumerable<string> Fields { get; }

    /// <summary>A field's text; null where it is not there or empty. A number or a truth value is the text that stands for it.</summary>
    /// <param name="field">The name.</param>
    /// <exception cref="CoppiceException">The field holds something else.</exception>
    public abstract string? Find(string field);

    /// <summary>A field that is a list of objects, as conversations are; null where it is not there. Only JSON has such.</summary>
    /// <param name="field">The name.</param>
    /// <exception cref="CoppiceException">The field holds something else.</exception>
    public virtual IReadOnlyList<JsonElement>? List(string field) => null;

    /// <summary>The text of a field that must have one.</summary>
    /// <param name="field">The name.</param>
    /// <exception cref="CoppiceException">It is not there, empty, or no text.</exception>
    public string Text(string field)
    {
        if (Find(field) is { } text) return text;
        string[] known = [.. Fields.Take(20)];
        throw Error(known.Contains(field) ? $"'{field}' is empty" : $"has no field '{field}'{NearestName.Hint(field, known)} (it has: {string.Join(", ", known)})");
    }

    /// <summary>An error in the record.</summary>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="inner">What said so.</param>
    public CoppiceException Error(string what, Exception? inner = null) => new($"{Where}: {what}", inner: inner);
}
