namespace Coppice.Models.Gguf;

/// <summary>The types of metadata values, under the numbers that stand for them in a file.</summary>
internal enum GgufValueType : uint
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    Text = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>An array of a file's metadata, left in the file until it is asked for.</summary>
/// <param name="ElementType">The type of its elements.</param>
/// <param name="Count">How many there are; the file is known to hold them.</param>
/// <param name="Position">Where the first begins, in bytes from the start of the file.</param>
internal sealed record GgufArray(GgufValueType ElementType, long Count, long Position);
