;; A stand-in for the edge function, to test the network itself.
;;
;; Without a `key` header it answers 200; with one, GET reads that key from the
;; KV store `redwedding` and PUT writes it. Everything unexpected traps, which
;; Viceroy answers with 500.
(module
  (import "fastly_http_req" "body_downstream_get"
    (func $downstream (param i32 i32) (result i32)))
  (import "fastly_http_req" "method_get"
    (func $method (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "header_value_get"
    (func $header (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
  (import "fastly_http_resp" "status_set" (func $status (param i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $send (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup"
    (func $lookup (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup_wait_v2"
    (func $lookup_wait (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "insert"
    (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "insert_wait" (func $insert_wait (param i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 256) "key")
  (data (i32.const 264) "redwedding")

  (func $must (param $status i32)
    (if (local.get $status) (then unreachable)))

  (func $answer (param $status i32)
    (call $must (call $status (i32.load (i32.const 8)) (local.get $status)))
    (call $must (call $send (i32.load (i32.const 8)) (i32.load (i32.const 4)) (i32.const 0))))

  (func (export "_start")
    (call $must (call $downstream (i32.const 0) (i32.const 4)))
    (call $must (call $response (i32.const 8)))
    (if (call $header (i32.load (i32.const 0)) (i32.const 256) (i32.const 3)
          (i32.const 2048) (i32.const 1024) (i32.const 24))
      (then (call $answer (i32.const 200)) (return)))
    (call $must (call $open (i32.const 264) (i32.const 10) (i32.const 12)))
    (call $must (call $method (i32.load (i32.const 0)) (i32.const 512) (i32.const 16)
      (i32.const 28)))
    (if (i32.eq (i32.load8_u (i32.const 512)) (i32.const 80)) ;; P
      (then
        (call $must (call $insert (i32.load (i32.const 12)) (i32.const 2048)
          (i32.load (i32.const 24)) (i32.load (i32.const 4)) (i32.const 0) (i32.const 64)
          (i32.const 16)))
        (call $must (call $insert_wait (i32.load (i32.const 16)) (i32.const 20)))
        (call $must (call $body (i32.const 4)))
        (call $answer (i32.const 204))
        (return)))
    (call $must (call $lookup (i32.load (i32.const 12)) (i32.const 2048)
      (i32.load (i32.const 24)) (i32.const 0) (i32.const 64) (i32.const 16)))
    (call $must (call $lookup_wait (i32.load (i32.const 16)) (i32.const 4) (i32.const 4096)
      (i32.const 4096) (i32.const 28) (i32.const 32) (i32.const 20)))
    (if (i32.eq (i32.load (i32.const 20)) (i32.const 1))
      (then (call $answer (i32.const 200)))
      (else
        (call $must (call $body (i32.const 4)))
        (call $answer (i32.const 404))))))
