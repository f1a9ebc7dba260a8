import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace rigline. */
export namespace rigline {

    /** Namespace v1. */
    namespace v1 {

        /**
         * Properties of a Bundle.
         * @deprecated Use rigline.v1.Bundle.$Properties instead.
         */
        interface IBundle extends rigline.v1.Bundle.$Properties {
        }

        /** Represents a Bundle. */
        class Bundle {

            /**
             * Constructs a new Bundle.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Bundle.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Bundle envelopes. */
            envelopes: Uint8Array[];

            /**
             * Creates a new Bundle instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Bundle instance
             */
            static create(properties: rigline.v1.Bundle.$Shape): rigline.v1.Bundle & rigline.v1.Bundle.$Shape;
            static create(properties?: rigline.v1.Bundle.$Properties): rigline.v1.Bundle;

            /**
             * Encodes the specified Bundle message. Does not implicitly {@link rigline.v1.Bundle.verify|verify} messages.
             * @param message Bundle message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Bundle.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Bundle message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Bundle & rigline.v1.Bundle.$Shape} Bundle
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Bundle & rigline.v1.Bundle.$Shape;
        }

        namespace Bundle {

            /** Properties of a Bundle. */
            interface $Properties {

                /** Bundle envelopes */
                envelopes?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Bundle. */
            type $Shape = rigline.v1.Bundle.$Properties;
        }

        /**
         * Properties of an Envelope.
         * @deprecated Use rigline.v1.Envelope.$Properties instead.
         */
        interface IEnvelope extends rigline.v1.Envelope.$Properties {
        }

        /** Represents an Envelope. */
        class Envelope {

            /**
             * Constructs a new Envelope.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Envelope.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Envelope version. */
            version: number;

            /** Envelope rig. */
            rig: string;

            /** Envelope spool. */
            spool: string;

            /** Envelope seq. */
            seq: Long;

            /** Envelope predecessor. */
            predecessor: string;

            /** Envelope schema. */
            schema?: (Uint8Array|null);

            /** Envelope batch. */
            batch?: (rigline.v1.Batch.$Properties|null);

            /** Envelope event. */
            event?: (rigline.v1.Event.$Properties|null);

            /** Envelope clockSample. */
            clockSample?: (rigline.v1.ClockSample.$Properties|null);

            /** Envelope gap. */
            gap?: (rigline.v1.Gap.$Properties|null);

            /** Envelope health. */
            health?: (rigline.v1.Health.$Properties|null);

            /** Envelope body. */
            body?: ("schema"|"batch"|"event"|"clockSample"|"gap"|"health");

            /**
             * Creates a new Envelope instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Envelope instance
             */
            static create(properties: rigline.v1.Envelope.$Shape): rigline.v1.Envelope & rigline.v1.Envelope.$Shape;
            static create(properties?: rigline.v1.Envelope.$Properties): rigline.v1.Envelope;

            /**
             * Encodes the specified Envelope message. Does not implicitly {@link rigline.v1.Envelope.verify|verify} messages.
             * @param message Envelope message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Envelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Envelope message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Envelope & rigline.v1.Envelope.$Shape} Envelope
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Envelope & rigline.v1.Envelope.$Shape;
        }

        namespace Envelope {

            /** Properties of an Envelope. */
            interface $Properties {

                /** Envelope version */
                version?: (number|null);

                /** Envelope rig */
                rig?: (string|null);

                /** Envelope spool */
                spool?: (string|null);

                /** Envelope seq */
                seq?: (Long|null);

                /** Envelope predecessor */
                predecessor?: (string|null);

                /** Envelope schema */
                schema?: (Uint8Array|null);

                /** Envelope batch */
                batch?: (rigline.v1.Batch.$Properties|null);

                /** Envelope event */
                event?: (rigline.v1.Event.$Properties|null);

                /** Envelope clockSample */
                clockSample?: (rigline.v1.ClockSample.$Properties|null);

                /** Envelope gap */
                gap?: (rigline.v1.Gap.$Properties|null);

                /** Envelope health */
                health?: (rigline.v1.Health.$Properties|null);

                /** Envelope body */
                body?: ("schema"|"batch"|"event"|"clockSample"|"gap"|"health");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an Envelope. */
            type $Shape = {
              version?: number|null;
              rig?: string|null;
              spool?: string|null;
              seq?: Long|null;
              predecessor?: string|null;
              schema?: Uint8Array|null;
              batch?: rigline.v1.Batch.$Shape|null;
              event?: rigline.v1.Event.$Shape|null;
              clockSample?: rigline.v1.ClockSample.$Shape|null;
              gap?: rigline.v1.Gap.$Shape|null;
              health?: rigline.v1.Health.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ body?: undefined; schema?: null; batch?: null; event?: null; clockSample?: null; gap?: null; health?: null }|{ body?: "schema"; schema: Uint8Array; batch?: null; event?: null; clockSample?: null; gap?: null; health?: null }|{ body?: "batch"; schema?: null; batch: rigline.v1.Batch.$Shape; event?: null; clockSample?: null; gap?: null; health?: null }|{ body?: "event"; schema?: null; batch?: null; event: rigline.v1.Event.$Shape; clockSample?: null; gap?: null; health?: null }|{ body?: "clockSample"; schema?: null; batch?: null; event?: null; clockSample: rigline.v1.ClockSample.$Shape; gap?: null; health?: null }|{ body?: "gap"; schema?: null; batch?: null; event?: null; clockSample?: null; gap: rigline.v1.Gap.$Shape; health?: null }|{ body?: "health"; schema?: null; batch?: null; event?: null; clockSample?: null; gap?: null; health: rigline.v1.Health.$Shape })
            );
        }

        /** Kind enum. */
        enum Kind {

            /** KIND_UNSPECIFIED value */
            KIND_UNSPECIFIED = 0,

            /** F64 value */
            F64 = 1,

            /** F32 value */
            F32 = 2,

            /** INT value */
            INT = 3,

            /** BOOL value */
            BOOL = 4,

            /** TEXT value */
            TEXT = 5
        }

        /**
         * Properties of a Schema.
         * @deprecated Use rigline.v1.Schema.$Properties instead.
         */
        interface ISchema extends rigline.v1.Schema.$Properties {
        }

        /** Represents a Schema. */
        class Schema {

            /**
             * Constructs a new Schema.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Schema.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Schema stream. */
            stream: string;

            /** Schema channels. */
            channels: rigline.v1.Channel.$Properties[];

            /** Schema periodNumNs. */
            periodNumNs: Long;

            /** Schema periodDen. */
            periodDen: Long;

            /** Schema source. */
            source: string;

            /**
             * Creates a new Schema instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Schema instance
             */
            static create(properties: rigline.v1.Schema.$Shape): rigline.v1.Schema & rigline.v1.Schema.$Shape;
            static create(properties?: rigline.v1.Schema.$Properties): rigline.v1.Schema;

            /**
             * Encodes the specified Schema message. Does not implicitly {@link rigline.v1.Schema.verify|verify} messages.
             * @param message Schema message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Schema.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Schema message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Schema & rigline.v1.Schema.$Shape} Schema
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Schema & rigline.v1.Schema.$Shape;
        }

        namespace Schema {

            /** Properties of a Schema. */
            interface $Properties {

                /** Schema stream */
                stream?: (string|null);

                /** Schema channels */
                channels?: (rigline.v1.Channel.$Properties[]|null);

                /** Schema periodNumNs */
                periodNumNs?: (Long|null);

                /** Schema periodDen */
                periodDen?: (Long|null);

                /** Schema source */
                source?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Schema. */
            type $Shape = rigline.v1.Schema.$Properties;
        }

        /**
         * Properties of a Channel.
         * @deprecated Use rigline.v1.Channel.$Properties instead.
         */
        interface IChannel extends rigline.v1.Channel.$Properties {
        }

        /** Represents a Channel. */
        class Channel {

            /**
             * Constructs a new Channel.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Channel.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Channel name. */
            name: string;

            /** Channel kind. */
            kind: rigline.v1.Kind;

            /** Channel unit. */
            unit: string;

            /** Channel code. */
            code: string;

            /** Channel min. */
            min?: (number|null);

            /** Channel max. */
            max?: (number|null);

            /** Channel gain. */
            gain?: (number|null);

            /** Channel offset. */
            offset?: (number|null);

            /** Channel description. */
            description: string;

            /**
             * Creates a new Channel instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Channel instance
             */
            static create(properties: rigline.v1.Channel.$Shape): rigline.v1.Channel & rigline.v1.Channel.$Shape;
            static create(properties?: rigline.v1.Channel.$Properties): rigline.v1.Channel;

            /**
             * Encodes the specified Channel message. Does not implicitly {@link rigline.v1.Channel.verify|verify} messages.
             * @param message Channel message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Channel.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Channel message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Channel & rigline.v1.Channel.$Shape} Channel
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Channel & rigline.v1.Channel.$Shape;
        }

        namespace Channel {

            /** Properties of a Channel. */
            interface $Properties {

                /** Channel name */
                name?: (string|null);

                /** Channel kind */
                kind?: (rigline.v1.Kind|null);

                /** Channel unit */
                unit?: (string|null);

                /** Channel code */
                code?: (string|null);

                /** Channel min */
                min?: (number|null);

                /** Channel max */
                max?: (number|null);

                /** Channel gain */
                gain?: (number|null);

                /** Channel offset */
                offset?: (number|null);

                /** Channel description */
                description?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Channel. */
            type $Shape = rigline.v1.Channel.$Properties;
        }

        /**
         * Properties of a Times.
         * @deprecated Use rigline.v1.Times.$Properties instead.
         */
        interface ITimes extends rigline.v1.Times.$Properties {
        }

        /** Represents a Times. */
        class Times {

            /**
             * Constructs a new Times.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Times.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Times anchorNs. */
            anchorNs: Long;

            /** Times periodNum. */
            periodNum: Long;

            /** Times periodDen. */
            periodDen: Long;

            /** Times deltas. */
            deltas: Uint8Array;

            /**
             * Creates a new Times instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Times instance
             */
            static create(properties: rigline.v1.Times.$Shape): rigline.v1.Times & rigline.v1.Times.$Shape;
            static create(properties?: rigline.v1.Times.$Properties): rigline.v1.Times;

            /**
             * Encodes the specified Times message. Does not implicitly {@link rigline.v1.Times.verify|verify} messages.
             * @param message Times message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Times.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Times message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Times & rigline.v1.Times.$Shape} Times
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Times & rigline.v1.Times.$Shape;
        }

        namespace Times {

            /** Properties of a Times. */
            interface $Properties {

                /** Times anchorNs */
                anchorNs?: (Long|null);

                /** Times periodNum */
                periodNum?: (Long|null);

                /** Times periodDen */
                periodDen?: (Long|null);

                /** Times deltas */
                deltas?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Times. */
            type $Shape = rigline.v1.Times.$Properties;
        }

        /** Encoding enum. */
        enum Encoding {

            /** ENCODING_UNSPECIFIED value */
            ENCODING_UNSPECIFIED = 0,

            /** F64_LE value */
            F64_LE = 1,

            /** F32_LE value */
            F32_LE = 2,

            /** DELTA_VARINT value */
            DELTA_VARINT = 3,

            /** BITS value */
            BITS = 4,

            /** DICTIONARY value */
            DICTIONARY = 5
        }

        /**
         * Properties of a Column.
         * @deprecated Use rigline.v1.Column.$Properties instead.
         */
        interface IColumn extends rigline.v1.Column.$Properties {
        }

        /** Represents a Column. */
        class Column {

            /**
             * Constructs a new Column.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Column.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Column encoding. */
            encoding: rigline.v1.Encoding;

            /** Column values. */
            values: Uint8Array;

            /** Column validity. */
            validity: Uint8Array;

            /** Column dictionary. */
            dictionary: string[];

            /**
             * Creates a new Column instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Column instance
             */
            static create(properties: rigline.v1.Column.$Shape): rigline.v1.Column & rigline.v1.Column.$Shape;
            static create(properties?: rigline.v1.Column.$Properties): rigline.v1.Column;

            /**
             * Encodes the specified Column message. Does not implicitly {@link rigline.v1.Column.verify|verify} messages.
             * @param message Column message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Column.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Column message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Column & rigline.v1.Column.$Shape} Column
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Column & rigline.v1.Column.$Shape;
        }

        namespace Column {

            /** Properties of a Column. */
            interface $Properties {

                /** Column encoding */
                encoding?: (rigline.v1.Encoding|null);

                /** Column values */
                values?: (Uint8Array|null);

                /** Column validity */
                validity?: (Uint8Array|null);

                /** Column dictionary */
                dictionary?: (string[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Column. */
            type $Shape = rigline.v1.Column.$Properties;
        }

        /**
         * Properties of a Batch.
         * @deprecated Use rigline.v1.Batch.$Properties instead.
         */
        interface IBatch extends rigline.v1.Batch.$Properties {
        }

        /** Represents a Batch. */
        class Batch {

            /**
             * Constructs a new Batch.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Batch.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Batch schema. */
            schema: Uint8Array;

            /** Batch rows. */
            rows: number;

            /** Batch era. */
            era: number;

            /** Batch times. */
            times?: (rigline.v1.Times.$Properties|null);

            /** Batch monotonicNs. */
            monotonicNs: Long;

            /** Batch bootId. */
            bootId: Uint8Array;

            /** Batch simulation. */
            simulation?: (rigline.v1.Times.$Properties|null);

            /** Batch notRising. */
            notRising: boolean;

            /** Batch position. */
            position: Long;

            /** Batch origin. */
            origin: string;

            /** Batch columns. */
            columns: rigline.v1.Column.$Properties[];

            /**
             * Creates a new Batch instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Batch instance
             */
            static create(properties: rigline.v1.Batch.$Shape): rigline.v1.Batch & rigline.v1.Batch.$Shape;
            static create(properties?: rigline.v1.Batch.$Properties): rigline.v1.Batch;

            /**
             * Encodes the specified Batch message. Does not implicitly {@link rigline.v1.Batch.verify|verify} messages.
             * @param message Batch message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Batch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Batch message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Batch & rigline.v1.Batch.$Shape} Batch
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Batch & rigline.v1.Batch.$Shape;
        }

        namespace Batch {

            /** Properties of a Batch. */
            interface $Properties {

                /** Batch schema */
                schema?: (Uint8Array|null);

                /** Batch rows */
                rows?: (number|null);

                /** Batch era */
                era?: (number|null);

                /** Batch times */
                times?: (rigline.v1.Times.$Properties|null);

                /** Batch monotonicNs */
                monotonicNs?: (Long|null);

                /** Batch bootId */
                bootId?: (Uint8Array|null);

                /** Batch simulation */
                simulation?: (rigline.v1.Times.$Properties|null);

                /** Batch notRising */
                notRising?: (boolean|null);

                /** Batch position */
                position?: (Long|null);

                /** Batch origin */
                origin?: (string|null);

                /** Batch columns */
                columns?: (rigline.v1.Column.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Batch. */
            type $Shape = rigline.v1.Batch.$Properties;
        }

        /**
         * Properties of an Event.
         * @deprecated Use rigline.v1.Event.$Properties instead.
         */
        interface IEvent extends rigline.v1.Event.$Properties {
        }

        /** Represents an Event. */
        class Event {

            /**
             * Constructs a new Event.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Event.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Event tNs. */
            tNs: Long;

            /** Event type. */
            type: string;

            /** Event author. */
            author: string;

            /** Event text. */
            text: string;

            /** Event facts. */
            facts: { [k: string]: string };

            /** Event id. */
            id: string;

            /**
             * Creates a new Event instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Event instance
             */
            static create(properties: rigline.v1.Event.$Shape): rigline.v1.Event & rigline.v1.Event.$Shape;
            static create(properties?: rigline.v1.Event.$Properties): rigline.v1.Event;

            /**
             * Encodes the specified Event message. Does not implicitly {@link rigline.v1.Event.verify|verify} messages.
             * @param message Event message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Event.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Event message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Event & rigline.v1.Event.$Shape} Event
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Event & rigline.v1.Event.$Shape;
        }

        namespace Event {

            /** Properties of an Event. */
            interface $Properties {

                /** Event tNs */
                tNs?: (Long|null);

                /** Event type */
                type?: (string|null);

                /** Event author */
                author?: (string|null);

                /** Event text */
                text?: (string|null);

                /** Event facts */
                facts?: ({ [k: string]: string }|null);

                /** Event id */
                id?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Event. */
            type $Shape = rigline.v1.Event.$Properties;
        }

        /**
         * Properties of a ClockSample.
         * @deprecated Use rigline.v1.ClockSample.$Properties instead.
         */
        interface IClockSample extends rigline.v1.ClockSample.$Properties {
        }

        /** Represents a ClockSample. */
        class ClockSample {

            /**
             * Constructs a new ClockSample.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.ClockSample.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClockSample tNs. */
            tNs: Long;

            /** ClockSample offsetNs. */
            offsetNs: Long;

            /** ClockSample roundTripNs. */
            roundTripNs: Long;

            /** ClockSample stepNs. */
            stepNs: Long;

            /** ClockSample monotonicNs. */
            monotonicNs: Long;

            /** ClockSample bootId. */
            bootId: Uint8Array;

            /**
             * Creates a new ClockSample instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ClockSample instance
             */
            static create(properties: rigline.v1.ClockSample.$Shape): rigline.v1.ClockSample & rigline.v1.ClockSample.$Shape;
            static create(properties?: rigline.v1.ClockSample.$Properties): rigline.v1.ClockSample;

            /**
             * Encodes the specified ClockSample message. Does not implicitly {@link rigline.v1.ClockSample.verify|verify} messages.
             * @param message ClockSample message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.ClockSample.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClockSample message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.ClockSample & rigline.v1.ClockSample.$Shape} ClockSample
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.ClockSample & rigline.v1.ClockSample.$Shape;
        }

        namespace ClockSample {

            /** Properties of a ClockSample. */
            interface $Properties {

                /** ClockSample tNs */
                tNs?: (Long|null);

                /** ClockSample offsetNs */
                offsetNs?: (Long|null);

                /** ClockSample roundTripNs */
                roundTripNs?: (Long|null);

                /** ClockSample stepNs */
                stepNs?: (Long|null);

                /** ClockSample monotonicNs */
                monotonicNs?: (Long|null);

                /** ClockSample bootId */
                bootId?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClockSample. */
            type $Shape = rigline.v1.ClockSample.$Properties;
        }

        /** Cause enum. */
        enum Cause {

            /** CAUSE_UNSPECIFIED value */
            CAUSE_UNSPECIFIED = 0,

            /** AGENT_DOWN value */
            AGENT_DOWN = 1,

            /** SPOOL_FULL value */
            SPOOL_FULL = 2,

            /** SPOOL_UNWRITABLE value */
            SPOOL_UNWRITABLE = 3,

            /** SPOOL_DAMAGED value */
            SPOOL_DAMAGED = 4,

            /** SOURCE_DOWN value */
            SOURCE_DOWN = 5,

            /** REFUSED value */
            REFUSED = 6,

            /** INGEST_RESTORED value */
            INGEST_RESTORED = 7,

            /** RETENTION value */
            RETENTION = 8,

            /** AGENT_OVERLOADED value */
            AGENT_OVERLOADED = 9,

            /** JOURNAL_DAMAGED value */
            JOURNAL_DAMAGED = 10,

            /** QUARANTINE_FULL value */
            QUARANTINE_FULL = 11,

            /** AGENT_REPLACED value */
            AGENT_REPLACED = 12
        }

        /**
         * Properties of a Gap.
         * @deprecated Use rigline.v1.Gap.$Properties instead.
         */
        interface IGap extends rigline.v1.Gap.$Properties {
        }

        /** Represents a Gap. */
        class Gap {

            /**
             * Constructs a new Gap.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Gap.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Gap fromNs. */
            fromNs: Long;

            /** Gap toNs. */
            toNs: Long;

            /** Gap streams. */
            streams: string[];

            /** Gap cause. */
            cause: rigline.v1.Cause;

            /** Gap detail. */
            detail: string;

            /** Gap spool. */
            spool: string;

            /** Gap numbers. */
            numbers: rigline.v1.Range.$Properties[];

            /** Gap rows. */
            rows: Long;

            /** Gap rig. */
            rig: string;

            /**
             * Creates a new Gap instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Gap instance
             */
            static create(properties: rigline.v1.Gap.$Shape): rigline.v1.Gap & rigline.v1.Gap.$Shape;
            static create(properties?: rigline.v1.Gap.$Properties): rigline.v1.Gap;

            /**
             * Encodes the specified Gap message. Does not implicitly {@link rigline.v1.Gap.verify|verify} messages.
             * @param message Gap message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Gap.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Gap message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Gap & rigline.v1.Gap.$Shape} Gap
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Gap & rigline.v1.Gap.$Shape;
        }

        namespace Gap {

            /** Properties of a Gap. */
            interface $Properties {

                /** Gap fromNs */
                fromNs?: (Long|null);

                /** Gap toNs */
                toNs?: (Long|null);

                /** Gap streams */
                streams?: (string[]|null);

                /** Gap cause */
                cause?: (rigline.v1.Cause|null);

                /** Gap detail */
                detail?: (string|null);

                /** Gap spool */
                spool?: (string|null);

                /** Gap numbers */
                numbers?: (rigline.v1.Range.$Properties[]|null);

                /** Gap rows */
                rows?: (Long|null);

                /** Gap rig */
                rig?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Gap. */
            type $Shape = rigline.v1.Gap.$Properties;
        }

        /**
         * Properties of a Range.
         * @deprecated Use rigline.v1.Range.$Properties instead.
         */
        interface IRange extends rigline.v1.Range.$Properties {
        }

        /** Represents a Range. */
        class Range {

            /**
             * Constructs a new Range.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Range.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Range from. */
            from: Long;

            /** Range to. */
            to: Long;

            /**
             * Creates a new Range instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Range instance
             */
            static create(properties: rigline.v1.Range.$Shape): rigline.v1.Range & rigline.v1.Range.$Shape;
            static create(properties?: rigline.v1.Range.$Properties): rigline.v1.Range;

            /**
             * Encodes the specified Range message. Does not implicitly {@link rigline.v1.Range.verify|verify} messages.
             * @param message Range message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Range.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Range message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Range & rigline.v1.Range.$Shape} Range
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Range & rigline.v1.Range.$Shape;
        }

        namespace Range {

            /** Properties of a Range. */
            interface $Properties {

                /** Range from */
                from?: (Long|null);

                /** Range to */
                to?: (Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Range. */
            type $Shape = rigline.v1.Range.$Properties;
        }

        /**
         * Properties of a Health.
         * @deprecated Use rigline.v1.Health.$Properties instead.
         */
        interface IHealth extends rigline.v1.Health.$Properties {
        }

        /** Represents a Health. */
        class Health {

            /**
             * Constructs a new Health.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Health.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Health tNs. */
            tNs: Long;

            /** Health version. */
            version: string;

            /** Health memoryBytes. */
            memoryBytes: Long;

            /** Health spoolBytes. */
            spoolBytes: Long;

            /** Health spoolEnvelopes. */
            spoolEnvelopes: Long;

            /** Health sources. */
            sources: rigline.v1.SourceHealth.$Properties[];

            /**
             * Creates a new Health instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Health instance
             */
            static create(properties: rigline.v1.Health.$Shape): rigline.v1.Health & rigline.v1.Health.$Shape;
            static create(properties?: rigline.v1.Health.$Properties): rigline.v1.Health;

            /**
             * Encodes the specified Health message. Does not implicitly {@link rigline.v1.Health.verify|verify} messages.
             * @param message Health message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Health.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Health message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Health & rigline.v1.Health.$Shape} Health
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Health & rigline.v1.Health.$Shape;
        }

        namespace Health {

            /** Properties of a Health. */
            interface $Properties {

                /** Health tNs */
                tNs?: (Long|null);

                /** Health version */
                version?: (string|null);

                /** Health memoryBytes */
                memoryBytes?: (Long|null);

                /** Health spoolBytes */
                spoolBytes?: (Long|null);

                /** Health spoolEnvelopes */
                spoolEnvelopes?: (Long|null);

                /** Health sources */
                sources?: (rigline.v1.SourceHealth.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Health. */
            type $Shape = rigline.v1.Health.$Properties;
        }

        /**
         * Properties of a SourceHealth.
         * @deprecated Use rigline.v1.SourceHealth.$Properties instead.
         */
        interface ISourceHealth extends rigline.v1.SourceHealth.$Properties {
        }

        /** Represents a SourceHealth. */
        class SourceHealth {

            /**
             * Constructs a new SourceHealth.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.SourceHealth.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SourceHealth name. */
            name: string;

            /** SourceHealth state. */
            state: string;

            /** SourceHealth rows. */
            rows: Long;

            /** SourceHealth badLines. */
            badLines: Long;

            /** SourceHealth badLineSamples. */
            badLineSamples: string[];

            /** SourceHealth detail. */
            detail: string;

            /**
             * Creates a new SourceHealth instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SourceHealth instance
             */
            static create(properties: rigline.v1.SourceHealth.$Shape): rigline.v1.SourceHealth & rigline.v1.SourceHealth.$Shape;
            static create(properties?: rigline.v1.SourceHealth.$Properties): rigline.v1.SourceHealth;

            /**
             * Encodes the specified SourceHealth message. Does not implicitly {@link rigline.v1.SourceHealth.verify|verify} messages.
             * @param message SourceHealth message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.SourceHealth.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SourceHealth message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.SourceHealth & rigline.v1.SourceHealth.$Shape} SourceHealth
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.SourceHealth & rigline.v1.SourceHealth.$Shape;
        }

        namespace SourceHealth {

            /** Properties of a SourceHealth. */
            interface $Properties {

                /** SourceHealth name */
                name?: (string|null);

                /** SourceHealth state */
                state?: (string|null);

                /** SourceHealth rows */
                rows?: (Long|null);

                /** SourceHealth badLines */
                badLines?: (Long|null);

                /** SourceHealth badLineSamples */
                badLineSamples?: (string[]|null);

                /** SourceHealth detail */
                detail?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SourceHealth. */
            type $Shape = rigline.v1.SourceHealth.$Properties;
        }

        /**
         * Properties of a Status.
         * @deprecated Use rigline.v1.Status.$Properties instead.
         */
        interface IStatus extends rigline.v1.Status.$Properties {
        }

        /** Represents a Status. */
        class Status {

            /**
             * Constructs a new Status.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Status.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Status online. */
            online: boolean;

            /** Status sinceNs. */
            sinceNs: Long;

            /** Status version. */
            version: string;

            /** Status spools. */
            spools: rigline.v1.SpoolState.$Properties[];

            /**
             * Creates a new Status instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Status instance
             */
            static create(properties: rigline.v1.Status.$Shape): rigline.v1.Status & rigline.v1.Status.$Shape;
            static create(properties?: rigline.v1.Status.$Properties): rigline.v1.Status;

            /**
             * Encodes the specified Status message. Does not implicitly {@link rigline.v1.Status.verify|verify} messages.
             * @param message Status message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Status.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Status message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Status & rigline.v1.Status.$Shape} Status
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Status & rigline.v1.Status.$Shape;
        }

        namespace Status {

            /** Properties of a Status. */
            interface $Properties {

                /** Status online */
                online?: (boolean|null);

                /** Status sinceNs */
                sinceNs?: (Long|null);

                /** Status version */
                version?: (string|null);

                /** Status spools */
                spools?: (rigline.v1.SpoolState.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Status. */
            type $Shape = rigline.v1.Status.$Properties;
        }

        /**
         * Properties of a SpoolState.
         * @deprecated Use rigline.v1.SpoolState.$Properties instead.
         */
        interface ISpoolState extends rigline.v1.SpoolState.$Properties {
        }

        /** Represents a SpoolState. */
        class SpoolState {

            /**
             * Constructs a new SpoolState.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.SpoolState.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SpoolState spool. */
            spool: string;

            /** SpoolState first. */
            first: Long;

            /** SpoolState last. */
            last: Long;

            /** SpoolState through. */
            through: Long;

            /**
             * Creates a new SpoolState instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SpoolState instance
             */
            static create(properties: rigline.v1.SpoolState.$Shape): rigline.v1.SpoolState & rigline.v1.SpoolState.$Shape;
            static create(properties?: rigline.v1.SpoolState.$Properties): rigline.v1.SpoolState;

            /**
             * Encodes the specified SpoolState message. Does not implicitly {@link rigline.v1.SpoolState.verify|verify} messages.
             * @param message SpoolState message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.SpoolState.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SpoolState message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.SpoolState & rigline.v1.SpoolState.$Shape} SpoolState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.SpoolState & rigline.v1.SpoolState.$Shape;
        }

        namespace SpoolState {

            /** Properties of a SpoolState. */
            interface $Properties {

                /** SpoolState spool */
                spool?: (string|null);

                /** SpoolState first */
                first?: (Long|null);

                /** SpoolState last */
                last?: (Long|null);

                /** SpoolState through */
                through?: (Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SpoolState. */
            type $Shape = rigline.v1.SpoolState.$Properties;
        }

        /**
         * Properties of a Down.
         * @deprecated Use rigline.v1.Down.$Properties instead.
         */
        interface IDown extends rigline.v1.Down.$Properties {
        }

        /** Represents a Down. */
        class Down {

            /**
             * Constructs a new Down.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Down.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Down receipt. */
            receipt?: (rigline.v1.Receipt.$Properties|null);

            /** Down clockReply. */
            clockReply?: (rigline.v1.ClockReply.$Properties|null);

            /** Down schemaRequest. */
            schemaRequest?: (rigline.v1.SchemaRequest.$Properties|null);

            /** Down body. */
            body?: ("receipt"|"clockReply"|"schemaRequest");

            /**
             * Creates a new Down instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Down instance
             */
            static create(properties: rigline.v1.Down.$Shape): rigline.v1.Down & rigline.v1.Down.$Shape;
            static create(properties?: rigline.v1.Down.$Properties): rigline.v1.Down;

            /**
             * Encodes the specified Down message. Does not implicitly {@link rigline.v1.Down.verify|verify} messages.
             * @param message Down message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Down.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Down message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Down & rigline.v1.Down.$Shape} Down
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Down & rigline.v1.Down.$Shape;
        }

        namespace Down {

            /** Properties of a Down. */
            interface $Properties {

                /** Down receipt */
                receipt?: (rigline.v1.Receipt.$Properties|null);

                /** Down clockReply */
                clockReply?: (rigline.v1.ClockReply.$Properties|null);

                /** Down schemaRequest */
                schemaRequest?: (rigline.v1.SchemaRequest.$Properties|null);

                /** Down body */
                body?: ("receipt"|"clockReply"|"schemaRequest");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a Down. */
            type $Shape = {
              receipt?: rigline.v1.Receipt.$Shape|null;
              clockReply?: rigline.v1.ClockReply.$Shape|null;
              schemaRequest?: rigline.v1.SchemaRequest.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ body?: undefined; receipt?: null; clockReply?: null; schemaRequest?: null }|{ body?: "receipt"; receipt: rigline.v1.Receipt.$Shape; clockReply?: null; schemaRequest?: null }|{ body?: "clockReply"; receipt?: null; clockReply: rigline.v1.ClockReply.$Shape; schemaRequest?: null }|{ body?: "schemaRequest"; receipt?: null; clockReply?: null; schemaRequest: rigline.v1.SchemaRequest.$Shape })
            );
        }

        /**
         * Properties of a Receipt.
         * @deprecated Use rigline.v1.Receipt.$Properties instead.
         */
        interface IReceipt extends rigline.v1.Receipt.$Properties {
        }

        /** Represents a Receipt. */
        class Receipt {

            /**
             * Constructs a new Receipt.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.Receipt.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Receipt spool. */
            spool: string;

            /** Receipt through. */
            through: Long;

            /** Receipt ranges. */
            ranges: rigline.v1.Range.$Properties[];

            /**
             * Creates a new Receipt instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Receipt instance
             */
            static create(properties: rigline.v1.Receipt.$Shape): rigline.v1.Receipt & rigline.v1.Receipt.$Shape;
            static create(properties?: rigline.v1.Receipt.$Properties): rigline.v1.Receipt;

            /**
             * Encodes the specified Receipt message. Does not implicitly {@link rigline.v1.Receipt.verify|verify} messages.
             * @param message Receipt message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.Receipt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Receipt message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.Receipt & rigline.v1.Receipt.$Shape} Receipt
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.Receipt & rigline.v1.Receipt.$Shape;
        }

        namespace Receipt {

            /** Properties of a Receipt. */
            interface $Properties {

                /** Receipt spool */
                spool?: (string|null);

                /** Receipt through */
                through?: (Long|null);

                /** Receipt ranges */
                ranges?: (rigline.v1.Range.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Receipt. */
            type $Shape = rigline.v1.Receipt.$Properties;
        }

        /**
         * Properties of a SchemaRequest.
         * @deprecated Use rigline.v1.SchemaRequest.$Properties instead.
         */
        interface ISchemaRequest extends rigline.v1.SchemaRequest.$Properties {
        }

        /** Represents a SchemaRequest. */
        class SchemaRequest {

            /**
             * Constructs a new SchemaRequest.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.SchemaRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SchemaRequest schema. */
            schema: Uint8Array;

            /**
             * Creates a new SchemaRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SchemaRequest instance
             */
            static create(properties: rigline.v1.SchemaRequest.$Shape): rigline.v1.SchemaRequest & rigline.v1.SchemaRequest.$Shape;
            static create(properties?: rigline.v1.SchemaRequest.$Properties): rigline.v1.SchemaRequest;

            /**
             * Encodes the specified SchemaRequest message. Does not implicitly {@link rigline.v1.SchemaRequest.verify|verify} messages.
             * @param message SchemaRequest message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.SchemaRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SchemaRequest message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.SchemaRequest & rigline.v1.SchemaRequest.$Shape} SchemaRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.SchemaRequest & rigline.v1.SchemaRequest.$Shape;
        }

        namespace SchemaRequest {

            /** Properties of a SchemaRequest. */
            interface $Properties {

                /** SchemaRequest schema */
                schema?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SchemaRequest. */
            type $Shape = rigline.v1.SchemaRequest.$Properties;
        }

        /**
         * Properties of a ClockProbe.
         * @deprecated Use rigline.v1.ClockProbe.$Properties instead.
         */
        interface IClockProbe extends rigline.v1.ClockProbe.$Properties {
        }

        /** Represents a ClockProbe. */
        class ClockProbe {

            /**
             * Constructs a new ClockProbe.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.ClockProbe.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClockProbe t1Ns. */
            t1Ns: Long;

            /**
             * Creates a new ClockProbe instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ClockProbe instance
             */
            static create(properties: rigline.v1.ClockProbe.$Shape): rigline.v1.ClockProbe & rigline.v1.ClockProbe.$Shape;
            static create(properties?: rigline.v1.ClockProbe.$Properties): rigline.v1.ClockProbe;

            /**
             * Encodes the specified ClockProbe message. Does not implicitly {@link rigline.v1.ClockProbe.verify|verify} messages.
             * @param message ClockProbe message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.ClockProbe.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClockProbe message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.ClockProbe & rigline.v1.ClockProbe.$Shape} ClockProbe
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.ClockProbe & rigline.v1.ClockProbe.$Shape;
        }

        namespace ClockProbe {

            /** Properties of a ClockProbe. */
            interface $Properties {

                /** ClockProbe t1Ns */
                t1Ns?: (Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClockProbe. */
            type $Shape = rigline.v1.ClockProbe.$Properties;
        }

        /**
         * Properties of a ClockReply.
         * @deprecated Use rigline.v1.ClockReply.$Properties instead.
         */
        interface IClockReply extends rigline.v1.ClockReply.$Properties {
        }

        /** Represents a ClockReply. */
        class ClockReply {

            /**
             * Constructs a new ClockReply.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.ClockReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ClockReply t1Ns. */
            t1Ns: Long;

            /** ClockReply t2Ns. */
            t2Ns: Long;

            /** ClockReply t3Ns. */
            t3Ns: Long;

            /**
             * Creates a new ClockReply instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ClockReply instance
             */
            static create(properties: rigline.v1.ClockReply.$Shape): rigline.v1.ClockReply & rigline.v1.ClockReply.$Shape;
            static create(properties?: rigline.v1.ClockReply.$Properties): rigline.v1.ClockReply;

            /**
             * Encodes the specified ClockReply message. Does not implicitly {@link rigline.v1.ClockReply.verify|verify} messages.
             * @param message ClockReply message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.ClockReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ClockReply message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.ClockReply & rigline.v1.ClockReply.$Shape} ClockReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.ClockReply & rigline.v1.ClockReply.$Shape;
        }

        namespace ClockReply {

            /** Properties of a ClockReply. */
            interface $Properties {

                /** ClockReply t1Ns */
                t1Ns?: (Long|null);

                /** ClockReply t2Ns */
                t2Ns?: (Long|null);

                /** ClockReply t3Ns */
                t3Ns?: (Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ClockReply. */
            type $Shape = rigline.v1.ClockReply.$Properties;
        }

        /**
         * Properties of an IngestStatus.
         * @deprecated Use rigline.v1.IngestStatus.$Properties instead.
         */
        interface IIngestStatus extends rigline.v1.IngestStatus.$Properties {
        }

        /** Represents an IngestStatus. */
        class IngestStatus {

            /**
             * Constructs a new IngestStatus.
             * @param [properties] Properties to set
             */
            constructor(properties?: rigline.v1.IngestStatus.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** IngestStatus online. */
            online: boolean;

            /** IngestStatus sinceNs. */
            sinceNs: Long;

            /** IngestStatus version. */
            version: string;

            /** IngestStatus protocols. */
            protocols: number[];

            /** IngestStatus groups. */
            groups: string[];

            /** IngestStatus instance. */
            instance: string;

            /**
             * Creates a new IngestStatus instance using the specified properties.
             * @param [properties] Properties to set
             * @returns IngestStatus instance
             */
            static create(properties: rigline.v1.IngestStatus.$Shape): rigline.v1.IngestStatus & rigline.v1.IngestStatus.$Shape;
            static create(properties?: rigline.v1.IngestStatus.$Properties): rigline.v1.IngestStatus;

            /**
             * Encodes the specified IngestStatus message. Does not implicitly {@link rigline.v1.IngestStatus.verify|verify} messages.
             * @param message IngestStatus message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: rigline.v1.IngestStatus.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an IngestStatus message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {rigline.v1.IngestStatus & rigline.v1.IngestStatus.$Shape} IngestStatus
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): rigline.v1.IngestStatus & rigline.v1.IngestStatus.$Shape;
        }

        namespace IngestStatus {

            /** Properties of an IngestStatus. */
            interface $Properties {

                /** IngestStatus online */
                online?: (boolean|null);

                /** IngestStatus sinceNs */
                sinceNs?: (Long|null);

                /** IngestStatus version */
                version?: (string|null);

                /** IngestStatus protocols */
                protocols?: (number[]|null);

                /** IngestStatus groups */
                groups?: (string[]|null);

                /** IngestStatus instance */
                instance?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an IngestStatus. */
            type $Shape = rigline.v1.IngestStatus.$Properties;
        }
    }
}
