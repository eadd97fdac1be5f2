namespace Coppice.Tokenizers.Jinja;

/// <summary>What a piece of a template's source is.</summary>
internal enum JinjaTokenKind
{
    /// <summary>Text that is written as it is.</summary>
    Text,

    /// <summary>The beginning of a statement.</summary>
    BlockStart,

    /// <summary>The end of a statement.</summary>
    BlockEnd,

    /// <summary>The beginning of an expression that is written.</summary>
    OutputStart,

    /// <summary>The end of an expression that is written.</summary>
    OutputEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A string literal, its escapes resolved.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction or an exponent.</summary>
    Float,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A piece of a template's source.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string literal, its value.</param>
/// <param name="Line">The line that it begins on, from 1.</param>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, int Line)
{
    /// <summary>Whether it is this operator or bracket.</summary>
    public bool IsOperator(string text) => Kind == JinjaTokenKind.Operator && Text == text;

    /// <summary>Whether it is this name.</summary>
    public bool IsName(string name) => Kind == JinjaTokenKind.Name && Text == name;

    /// <inheritdoc/>
    public override string ToString() => Kind == JinjaTokenKind.End ? "the end of the template" : $"'{Text}'";
}
